/** The live key of an app. It is made once for an app, and signs once for each broadcast at each live node. */
import type { LiveKey } from "../../core/app/app.ts";
import { fromBase64Url, toBase64Url } from "../../schema/text.ts";

/** What live keys need of Web Crypto's `crypto.subtle`, which is what every host gives. */
export interface SubtlePort {
  generateKey(
    algorithm: { readonly name: "Ed25519" },
    extractable: true,
    usages: ["sign", "verify"],
  ): Promise<unknown>;
  exportKey(format: "jwk", key: unknown): Promise<unknown>;
  importKey(
    format: "jwk",
    key: Ed25519Jwk,
    algorithm: { readonly name: "Ed25519" },
    extractable: false,
    usages: ["sign"],
  ): Promise<unknown>;
  sign(algorithm: "Ed25519", key: unknown, data: Uint8Array<ArrayBuffer>): Promise<ArrayBuffer>;
}

export async function makeLiveKey(subtle: SubtlePort): Promise<LiveKey> {
  const pair = await subtle.generateKey({ name: "Ed25519" }, true, ["sign", "verify"]);
  const { privateKey } = pair as { readonly privateKey: unknown };
  // The only export format that holds the seed as it is (RFC 8037 §2).
  const jwk = (await subtle.exportKey("jwk", privateKey)) as { d?: string; x?: string };
  const [seed, publicKey] = [jwk.d, jwk.x].map((text) => fromBase64Url(text ?? ""));
  if (seed?.length !== 32 || publicKey?.length !== 32) throw new Error("no Ed25519 key was made");
  return { seed, publicKey };
}

/**
 * Signs with a key that is loaded on first use and never changes. The signature is null if there is no key.
 *
 * @param load called again after it failed or found no key
 */
export function liveSignerOf(
  subtle: SubtlePort,
  load: () => Promise<LiveKey | null>,
): (bytes: Uint8Array) => Promise<Uint8Array | null> {
  let key: Promise<{ readonly imported: unknown } | null> | null = null;
  const forget = () => {
    key = null;
  };
  return async (bytes) => {
    key ??= load().then((pair) => (pair === null ? null : importKey(subtle, pair)));
    const loading = key;
    try {
      const known = await loading;
      if (known === null) {
        forget();
        return null;
      }
      // A copy, because Web Crypto takes no shared memory.
      const data = Uint8Array.from(bytes);
      return new Uint8Array(await subtle.sign("Ed25519", known.imported, data));
    } catch (error) {
      forget();
      throw error;
    }
  };
}

/** An Ed25519 pair in the one format that every host imports (RFC 8037 §2). */
export const ed25519Jwk = ({ seed, publicKey }: LiveKey) => ({
  kty: "OKP",
  crv: "Ed25519",
  d: toBase64Url(seed),
  x: toBase64Url(publicKey),
});

type Ed25519Jwk = ReturnType<typeof ed25519Jwk>;

async function importKey(subtle: SubtlePort, pair: LiveKey) {
  const jwk = ed25519Jwk(pair);
  return { imported: await subtle.importKey("jwk", jwk, { name: "Ed25519" }, false, ["sign"]) };
}
