/** `POST /v1/devices`: creates or finds the account of a device (docs/protocol.md, section 1). */
import { sealCredential } from "../../core/identity/credential.ts";
import { deviceIdOf, deviceName, formerDeviceIdOf } from "../../core/identity/device-id.ts";
import type { TimeFault } from "../../core/identity/signed-times.ts";
import { MeshError } from "../../schema/errors.ts";
import { type DeviceAnswerBody, ROUTES } from "../../schema/http.ts";
import { fromBase64Url, toBase64Url } from "../../schema/text.ts";
import { callInTime, refusal } from "../calls/objects.ts";
import type { Handlers, MeshContext } from "../context.ts";
import { parseBody, readBody, requireJson } from "../request/body.ts";
import type { EdgeCrypto } from "../signature/crypto.ts";
import {
  accountClaims,
  handoverClaims,
  ownKey,
  type TokenKind,
  verifyToken,
} from "../tokens/device-tokens.ts";

const PROOF: TokenKind<typeof accountClaims> = {
  typ: "pushmesh-account+jwt",
  claims: accountClaims,
  key: ownKey,
};
const HANDOVER: TokenKind<typeof handoverClaims> = {
  typ: "pushmesh-handover+jwt",
  claims: handoverClaims,
  key: ownKey,
};

function refuse(name: "proof" | "handover", { fault, detail }: TimeFault): MeshError {
  const code = fault === "expired" ? "proof_expired" : "proof_invalid";
  return new MeshError(code, `${name}: ${detail}`, { field: name });
}

/** The old public key that hands the account over to the new one, in base64url. */
async function readHandover(
  token: string,
  newKey: string,
  now: number,
  by: EdgeCrypto,
): Promise<string> {
  const verified = await verifyToken(token, HANDOVER, now, by);
  if ("fault" in verified) throw refuse("handover", verified);
  if (verified.claims.to !== newKey) {
    throw refuse("handover", { fault: "invalid", detail: "claim to is not the key of the proof" });
  }
  return toBase64Url(verified.publicKey);
}

async function openAccount(c: MeshContext): Promise<Response> {
  const request = c.req.raw;
  requireJson(request);
  const { schema, maxBytes } = ROUTES.openAccount.body;
  const body = parseBody(schema, await readBody(request, maxBytes));
  const now = c.get("receivedAt");

  const proof = await verifyToken(body.proof, PROOF, now, c.env.CRYPTO);
  if ("fault" in proof) throw refuse("proof", proof);
  const publicKey = toBase64Url(proof.publicKey);
  const handoverFrom =
    body.handover === undefined
      ? null
      : await readHandover(body.handover, publicKey, now, c.env.CRYPTO);

  const { keyring } = c.get("config");
  const hashes = proof.claims.ids.map((id) => fromBase64Url(id) ?? new Uint8Array());
  const open = async (deviceId: Uint8Array) => {
    const device = c.env.DEVICES.getByName(deviceName(deviceId));
    return {
      deviceId,
      ...(await callInTime(() => device.openAccount({ publicKey, handoverFrom }))),
    };
  };
  // Idempotent: the same key and identifiers give the same account. Who does not hold the key of a former account gets the
  // same answer as if there were none.
  let account = await open(formerDeviceIdOf(keyring, hashes));
  if (!account.ok && account.code !== "device_active") throw refusal(account);
  if (!account.ok || account.outcome === "created") {
    const old = handoverFrom === null ? undefined : fromBase64Url(handoverFrom);
    if (old !== undefined) await open(deviceIdOf(keyring, hashes, old));
    account = await open(deviceIdOf(keyring, hashes, proof.publicKey));
  }
  if (!account.ok) throw refusal(account);

  const { deviceId, generation, outcome } = account;
  const answer: DeviceAnswerBody = {
    deviceId: deviceName(deviceId),
    generation,
    credential: sealCredential(keyring, { deviceId, generation, publicKey: proof.publicKey }),
    now: Date.now(),
  };
  return c.json(answer, outcome === "standing" ? 200 : 201);
}

export const devices: Handlers<"openAccount"> = { openAccount };
