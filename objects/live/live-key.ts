/** The live key of an app by Web Crypto, on every host: it is made once an app, and signs once a broadcast and live node. */
import type { LiveKey } from "../../core/app/app.ts";
import { fromBase64Url, toBase64Url } from "../../schema/text.ts";

export async function makeLiveKey(): Promise<LiveKey> {
  const { subtle } = crypto;
  const pair = (await subtle.generateKey({ name: "Ed25519" }, true, ["sign", "verify"])) as {
    privateKey: CryptoKey;
  };
  // Of the forms of export the only one that holds the seed as it is (RFC 8037 §2).
  const jwk = (await subtle.exportKey("jwk", pair.privateKey)) as { d?: string; x?: string };
  const [seed, publicKey] = [jwk.d, jwk.x].map((text) => fromBase64Url(text ?? ""));
  if (seed?.length !== 32 || publicKey?.length !== 32) throw new Error("no Ed25519 key was made");
  return { seed, publicKey };
}

/**
 * Signs by a key that is loaded when it is needed first; it never changes. Null where there is none.
 *
 * @param load asked again after it failed, or found none
 */
export function liveSignerOf(
  load: () => Promise<LiveKey | null>,
): (bytes: Uint8Array) => Promise<Uint8Array | null> {
  let key: Promise<CryptoKey | null> | null = null;
  const forget = () => {
    key = null;
  };
  return async (bytes) => {
    key ??= load().then((pair) => (pair === null ? null : importKey(pair)));
    const loading = key;
    try {
      const known = await loading;
      if (known === null) forget();
      // A copy, in no shared memory.
      const data = Uint8Array.from(bytes);
      return known && new Uint8Array(await crypto.subtle.sign("Ed25519", known, data));
    } catch (error) {
      forget();
      throw error;
    }
  };
}

/** An Ed25519 pair in the one form that every host takes (RFC 8037 §2). */
export const ed25519Jwk = ({ seed, publicKey }: LiveKey) => ({
  kty: "OKP",
  crv: "Ed25519",
  d: toBase64Url(seed),
  x: toBase64Url(publicKey),
});

const importKey = (pair: LiveKey): Promise<CryptoKey> =>
  crypto.subtle.importKey("jwk", ed25519Jwk(pair), { name: "Ed25519" }, false, ["sign"]);
