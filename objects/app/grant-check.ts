/** Verifies the signatures of grants, with Web Crypto: a device presents one a few times a month. */
import type { StoredKey } from "../../core/app/app.ts";
import { invalidGrant, type ReadGrant } from "../../core/app/grant.ts";
import { isSmallOrder } from "../../core/identity/ed25519.ts";
import { JWS_ALGORITHMS } from "../../core/identity/jws.ts";
import type { Refused } from "../../core/message/refusal.ts";

/** What grants need of Web Crypto's `crypto.subtle`, which is what every host gives. */
export interface VerifyPort {
  importKey(
    format: "raw",
    key: Uint8Array<ArrayBuffer>,
    algorithm: { readonly name: string; readonly hash?: string },
    extractable: false,
    usages: ["verify"],
  ): Promise<unknown>;
  verify(
    algorithm: string,
    key: unknown,
    signature: Uint8Array<ArrayBuffer>,
    data: Uint8Array<ArrayBuffer>,
  ): Promise<boolean>;
}

const IMPORTED = {
  "hmac-sha256": { algorithm: { name: "HMAC", hash: "SHA-256" }, signatureBytes: 32 },
  ed25519: { algorithm: { name: "Ed25519" }, signatureBytes: 64 },
} as const;

/** @param key the one that the grant names; undefined if the app has none that may sign grants. @returns null if it signed the grant */
export async function grantFault(
  subtle: VerifyPort,
  { jws }: ReadGrant,
  key: Pick<StoredKey, "algorithm" | "material"> | undefined,
): Promise<Refused | null> {
  // Null: sealed with a key of the mesh that is gone.
  if (key === undefined || key.material === null || key.algorithm === "bearer")
    return invalidGrant("kid names no key of this app that may sign grants");
  const alg = JWS_ALGORITHMS[key.algorithm];
  if (jws.header["alg"] !== alg) return invalidGrant(`alg must be ${alg}, that of the key`);
  const { algorithm, signatureBytes } = IMPORTED[key.algorithm];
  const { material } = key;
  if (key.algorithm === "ed25519" && isSmallOrder(material))
    return invalidGrant("the key is of small order, and proves nothing");
  // workerd throws for an Ed25519 signature of another length; the specification says false.
  const isWhole = jws.signature.length === signatureBytes;
  const verifies = async (): Promise<boolean> => {
    // Copies, because Web Crypto takes no shared memory.
    const raw = Uint8Array.from(material);
    const imported = await subtle.importKey("raw", raw, algorithm, false, ["verify"]);
    const [signature, signed] = [Uint8Array.from(jws.signature), Uint8Array.from(jws.signed)];
    return subtle.verify(algorithm.name, imported, signature, signed);
  };
  if (isWhole && (await verifies())) return null;
  return invalidGrant("signature verification failed");
}
