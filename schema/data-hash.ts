/**
 * A hash of a message's data, which tells apart two messages of one key: FNV-1a of 32 bits, as a signed number. The
 * sender chooses key and data, and harms nobody but itself.
 */
export function dataHash(data: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of data) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash | 0;
}
