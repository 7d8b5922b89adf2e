/** Names of the objects' files: workerd uses a hash of the object's name, and keeps no list of names. */
import { createHash, createHmac } from "node:crypto";

/** Half of an object's ID, in bytes. */
const HALF_BYTES = 16;

const half = (key: Uint8Array, data: string | Uint8Array): Buffer =>
  createHmac("sha256", key).update(data).digest().subarray(0, HALF_BYTES);

/**
 * The ID of an object, as `idFromName` returns it: the first half is a keyed hash of the name, the second one of the first half. workerd
 * finds the files of earlier versions by it, so it will not change.
 *
 * @param uniqueKey of the namespace in workerd's configuration
 * @returns 64 hexadecimal digits
 */
export function objectIdOf(uniqueKey: string, name: string): string {
  const key = createHash("sha256").update(uniqueKey).digest();
  const first = half(key, name);
  return Buffer.concat([first, half(key, first)]).toString("hex");
}
