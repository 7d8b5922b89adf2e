/** The cryptography of the edge: each host's own answers as Web Crypto does. */
import { createHmac, generateKeyPairSync, sign } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nodeCrypto } from "../../hosts/deno/crypto.ts";
import { type EdgeCrypto, webCrypto } from "../../worker/signature/crypto.ts";

const bytes = fc.uint8Array({ maxLength: 300 });
const secret = Buffer.alloc(32, 7);
const pair = generateKeyPairSync("ed25519");
const publicKey = Buffer.from(pair.publicKey.export({ format: "jwk" }).x ?? "", "base64url");
const KEYS = [
  {
    algorithm: "hmac-sha256",
    material: secret,
    sign: (data: Uint8Array) => createHmac("sha256", secret).update(data).digest(),
  },
  {
    algorithm: "ed25519",
    material: publicKey,
    sign: (data: Uint8Array) => sign(null, data, pair.privateKey),
  },
] as const;

describe.each<[string, EdgeCrypto]>([
  ["Web Crypto", webCrypto],
  ["node:crypto", nodeCrypto],
])("P7 the edge by %s", (_, edge) => {
  it.each(["SHA-256", "SHA-512"] as const)("digests as %s does", async (algorithm) => {
    await fc.assert(
      fc.asyncProperty(bytes, async (data) => {
        const wanted = new Uint8Array(await crypto.subtle.digest(algorithm, data));
        expect(new Uint8Array(await edge.digest(algorithm, data))).toEqual(wanted);
      }),
    );
  });

  it.each(KEYS)("takes the signature by $algorithm, and no other", async (key) => {
    const verify = await edge.verifier(key.algorithm, key.material);
    await fc.assert(
      fc.asyncProperty(
        bytes,
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        async (data, at, flip) => {
          const signature = new Uint8Array(key.sign(data));
          expect(await verify(data, signature)).toBe(true);
          expect(await verify(data, signature.subarray(1))).toBe(false);
          expect(await verify(data, Uint8Array.of(...signature, 0))).toBe(false);
          expect(await verify(data, new Uint8Array())).toBe(false);
          expect(await verify(Uint8Array.of(...data, 0), signature)).toBe(false);
          const index = at % signature.length;
          signature[index] = (signature[index] ?? 0) ^ flip;
          expect(await verify(data, signature)).toBe(false);
        },
      ),
    );
  });

  it("refuses material that is no key", async () => {
    await expect((async () => edge.verifier("ed25519", new Uint8Array(31)))()).rejects.toThrow();
  });
});
