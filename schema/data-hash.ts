/**
 * A hash of a message's data that distinguishes two messages with one key: 32-bit FNV-1a, as a signed number. The sender chooses
 * key and data, so a collision only harms the sender.
 */
export function dataHash(data: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of data) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash | 0;
}
