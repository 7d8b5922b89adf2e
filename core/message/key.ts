/** Message keys: bytes on the wire, base64url in memory and in rows. */
import { fromBase64Url } from "../../schema/text.ts";

/**
 * The bytes of a key that the mesh wrote itself.
 *
 * @throws Error where it is none
 */
export function bytesOfKey(key: string): Uint8Array {
  const bytes = fromBase64Url(key);
  if (bytes === undefined) throw new Error(`${key} is no key`);
  return bytes;
}
