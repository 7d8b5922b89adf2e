/** Device IDs: the same identifiers with the same key always give the same device. */
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
 * The ID of the device with these identifier hashes, in any order, and this key. Identifiers may be known to others (serial numbers),
 * so they must not lead to the device of another key.
 *
 * @param hashes 32 bytes each, without duplicates; the caller checks that
 * @param publicKey 32 bytes
 * @returns 16 bytes, from which nobody without the root key can find the identifiers
 */
export function deviceIdOf(
  keyring: Keyring,
  hashes: readonly Uint8Array[],
  publicKey: Uint8Array,
): Uint8Array {
  const identifiers = joined(hashes);
  // One byte more than a multiple of 32, so that no chosen identifiers equal identifiers and a key.
  const input = new Uint8Array(identifiers.length + publicKey.length + 1);
  input.set(identifiers);
  input.set(publicKey, identifiers.length);
  return shortMac(keyring.root.subkey("deviceId"), input, DEVICE_ID_BYTES);
}

/** The ID that earlier versions gave the device with these identifiers, whatever its key: its account may be stored under it. */
export function formerDeviceIdOf(keyring: Keyring, hashes: readonly Uint8Array[]): Uint8Array {
  return shortMac(keyring.root.subkey("deviceId"), joined(hashes), DEVICE_ID_BYTES);
}

function joined(hashes: readonly Uint8Array[]): Uint8Array {
  const sorted = [...hashes].sort(compare);
  const input = new Uint8Array(sorted.length * IDENTIFIER_BYTES);
  for (const [index, hash] of sorted.entries()) input.set(hash, index * IDENTIFIER_BYTES);
  return input;
}

/** The name of a device's object. */
export function deviceName(deviceId: Uint8Array): string {
  return toBase64Url(deviceId);
}
