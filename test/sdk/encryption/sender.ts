/** What an app server sends to an encryption key. */
import { dataOfBody } from "../../../schema/encrypted.ts";
import { fromBase64Url } from "../../../schema/text.ts";
import type { PublicEncryptionKey } from "../../../sdk/device/encryption/mod.ts";
import { CURVE, encrypt } from "../../../sdk/rfc8291.ts";

const { subtle } = crypto;
const bytes = (text: string) => Uint8Array.from(fromBase64Url(text) ?? []);

/** What an app server sends: text, encrypted to `to`. */
export async function dataFor(to: PublicEncryptionKey, text: string): Promise<Uint8Array> {
  const receiver = { publicKey: bytes(to.publicKey), auth: bytes(to.auth) };
  const pair = await subtle.generateKey(CURVE, true, ["deriveBits"]);
  const publicKey = new Uint8Array(await subtle.exportKey("raw", pair.publicKey));
  const sender = { privateKey: pair.privateKey, publicKey };
  const salt = crypto.getRandomValues(new Uint8Array(16));
  const plaintext = new TextEncoder().encode(`\u0002${text}`);
  return dataOfBody(await encrypt(subtle, receiver, plaintext, sender, salt));
}
