/** Message keys: bytes on the wire, base64url in memory and in rows. */
import { fromBase64Url } from "../../schema/text.ts";

/**
 * Decodes a key that the mesh itself encoded.
 *
 * @throws Error if it is not base64url
 */
export function decodeKey(key: string): Uint8Array {
  const bytes = fromBase64Url(key);
  if (bytes === undefined) throw new Error(`${key} is not a base64url key`);
  return bytes;
}
