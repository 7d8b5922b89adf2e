import { describe, expect, it } from "vitest";
import api from "../../../docs/api.md?raw";
import { fromBase64Url } from "../../../schema/text.ts";
import vectors from "../../../schema/vectors/signature.json" with { type: "json" };
import { signRequest } from "../../../sdk/server/sign.ts";
import { signerOf } from "../../../sdk/server/signer.ts";
import { checkDigests, readDigests } from "../../../worker/signature/digest.ts";
import { loadKey } from "../../../worker/signature/keys.ts";
import { verifyRequest } from "../../../worker/signature/verify.ts";

const material = {
  "hmac-sha256": fromBase64Url(vectors.hmacSecret) ?? new Uint8Array(),
  ed25519: fromBase64Url(vectors.ed25519PublicKey) ?? new Uint8Array(),
};
const sendingKey = { "hmac-sha256": vectors.hmacSecret, ed25519: vectors.ed25519PrivateKey };

function algorithmOf(text: string): keyof typeof material {
  if (text === "hmac-sha256" || text === "ed25519") return text;
  throw new Error(`unknown algorithm ${text}`);
}

describe.each(vectors.cases)("the signature of $title", (vector) => {
  const algorithm = algorithmOf(vector.algorithm);
  const bytes = vector.body === undefined ? null : new TextEncoder().encode(vector.body);
  const given = () => new Headers(Object.entries(vector.headers));

  it("is what the SDK makes, byte for byte", async () => {
    const headers = given();
    headers.delete("content-digest");
    const { method, url, keyId, created } = vector;
    const signer = await signerOf(sendingKey[algorithm]);
    await signRequest(method, url, headers, bytes, { keyId, signer, created });
    expect(headers.get("content-digest")).toBe(given().get("content-digest"));
    expect(headers.get("signature-input")).toBe(vector.signatureInput);
    expect(headers.get("signature")).toBe(vector.signature);
  });

  it("is taken by the edge, and not with one byte of its base changed", async () => {
    const headers = given();
    headers.set("signature-input", vector.signatureInput);
    headers.set("signature", vector.signature);
    const request = (method: string) => new Request(vector.url, { method, headers, body: bytes });
    const findKey = () => loadKey({ algorithm, material: material[algorithm] });
    const now = vector.created * 1_000;
    await verifyRequest(request(vector.method), findKey, now);
    if (bytes !== null) await checkDigests(readDigests(headers.get("content-digest")), bytes);

    const created = String(vector.created);
    headers.set("signature-input", vector.signatureInput.replace(created, `${vector.created + 1}`));
    await expect(verifyRequest(request(vector.method), findKey, now)).rejects.toMatchObject({
      code: "signature_invalid",
    });
  });
});

it("the worked example of docs/api.md is a vector of each algorithm, to the byte", () => {
  const [example] = vectors.cases;
  if (example === undefined) expect.unreachable();
  expect(api).toContain(`\n${example.signatureBase}\n`);
  expect(api).toContain(`\n${example.body}\n`);
  const ed25519 = vectors.cases.find(({ algorithm }) => algorithm === "ed25519");
  expect(api).toContain(`\nsignature: ${ed25519?.signature}\n`);
  expect(api).toContain(`\`ed25519:${vectors.ed25519PrivateKey.d}\``);
  expect(api).toContain(`\nsignature-input: ${example.signatureInput}\n`);
  expect(api).toContain(`\nsignature: ${example.signature}\n`);
  expect(api).toContain(vectors.hmacSecret);
});
