/** Device IDs: the same identifiers always give the same device. */
import { toBase64Url } from "../../schema/text.ts";
import type { Keyring } from "./keyring.ts";
import { shortMac } from "./mac.ts";

/** 128 bits: for a billion devices, the chance that any two collide is under 2^-68. */
export const DEVICE_ID_BYTES = 16;
/** SHA-256 of an identifier. */
export const IDENTIFIER_BYTES = 32;

function compare(a: Uint8Array, b: Uint8Array): number {
  for (const [index, byte] of a.entries()) {
    const difference = byte - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/**
 * The ID of the device with these identifier hashes, in any order.
 *
 * @param hashes 32 bytes each, without duplicates; the caller checks that
 * @returns 16 bytes, from which nobody without the root key can find the identifiers
 */
export function deviceIdOf(keyring: Keyring, hashes: readonly Uint8Array[]): Uint8Array {
  const sorted = [...hashes].sort(compare);
  const input = new Uint8Array(sorted.length * IDENTIFIER_BYTES);
  for (const [index, hash] of sorted.entries()) input.set(hash, index * IDENTIFIER_BYTES);
  return shortMac(keyring.root.subkey("deviceId"), input, DEVICE_ID_BYTES);
}

/** The name of a device's object. */
export function deviceName(deviceId: Uint8Array): string {
  return toBase64Url(deviceId);
}
