import { expect, it } from "vitest";
import { openAppId, sealAppId } from "../../../core/identity/app-id.ts";
import { openCredential, sealCredential } from "../../../core/identity/credential.ts";
import { deviceIdOf, formerDeviceIdOf } from "../../../core/identity/device-id.ts";
import { messageKey } from "../../../core/identity/message-key.ts";
import { openRegId, sealRegId } from "../../../core/identity/reg-id.ts";
import { fromBase64Url, toBase64Url } from "../../../schema/text.ts";
import { ring } from "./fixtures.ts";
import vectors from "./vectors.json" with { type: "json" };

function read(text: string): Uint8Array {
  const bytes = fromBase64Url(text);
  if (bytes === undefined) throw new Error(`not base64url: ${text}`);
  return bytes;
}

// IDs are kept for years by app servers and devices: a change of any format has to fail here.
it("makes and opens what another implementation made", () => {
  const keyring = ring(vectors.meshKeys);
  const { generation } = vectors;
  const [deviceId, app, publicKey] = [vectors.deviceId, vectors.app, vectors.publicKey].map(read);
  if (deviceId === undefined || app === undefined || publicKey === undefined) expect.unreachable();

  expect(sealRegId(keyring, { deviceId, app, generation })).toBe(vectors.regId);
  expect(openRegId(keyring, vectors.regId)).toEqual({ deviceId, app, generation });
  expect(sealCredential(keyring, { deviceId, generation, publicKey })).toBe(vectors.credential);
  expect(openCredential(keyring, vectors.credential)).toEqual({ deviceId, generation, publicKey });
  expect(sealAppId(keyring, app)).toBe(vectors.appId);
  expect(openAppId(keyring, vectors.appId)).toEqual(app);
  expect(toBase64Url(formerDeviceIdOf(keyring, vectors.identifiers.map(read)))).toBe(
    vectors.deviceIdOfIdentifiers,
  );
  expect(toBase64Url(deviceIdOf(keyring, vectors.identifiers.map(read), publicKey))).toBe(
    vectors.deviceIdOfIdentifiersAndKey,
  );
  const registration = { deviceId, app, generation };
  const byKey = { kind: "idempotency-key", value: vectors.idempotencyKey } as const;
  expect(toBase64Url(messageKey(registration, byKey))).toBe(vectors.keyOfIdempotencyKey);
  const bySignature = { kind: "signature", value: read(vectors.signature) } as const;
  expect(toBase64Url(messageKey(registration, bySignature))).toBe(vectors.keyOfSignature);
});
