/** Makes an app's live key by Web Crypto, on every host: it happens once an app. */
import type { LiveKey } from "../core/app/app.ts";
import { fromBase64Url } from "../schema/text.ts";

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
