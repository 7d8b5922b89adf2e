/**
 * The frame of one broadcast to one device. All but three numbers of it is the same for every member of a tag, and is encoded
 * once for each entry: in a process that holds many devices they share it.
 */
import { type Broadcast, encodeBroadcast } from "../../../schema/generated/link.ts";
import { isNowOrNever } from "../../message/clock.ts";
import type { LogEntry } from "../../tag/types.ts";

/** A Broadcast between its first two fields and its last, of the tag whose log the entry is from. */
const tails = new WeakMap<LogEntry, Uint8Array>();

/** The first two fields where both are 0: a header and a varint of one byte each. */
const NUMBERS_BYTES = 4;
/** PushDown's field of Broadcasts, its list, and that it has one struct. */
const HEAD = [0x7c, 0x19, 0x1c] as const;
/** The header of an i32 that follows the field before it. */
const I32 = 0x15;
/** The longest varint of 32 bits, and of a time in milliseconds. */
const VARINT_BYTES = 5;
const TIME_BYTES = 8;
/** Compact type of an i64, and Broadcast's IDs of the field of the time that is left and of those before it. */
const I64 = 6;
const REMAINING = 13;
const COLLAPSE_KEY = 12;
const EXPIRES = 11;

/**
 * `encodePushDown` of Broadcasts with one Broadcast, byte for byte.
 *
 * @param make all of it but the time that is left; asked only where nobody had this entry before
 */
export function encodeOneBroadcast(
  entry: LogEntry,
  { slot, ref }: { readonly slot: number; readonly ref: number },
  now: number,
  make: () => Broadcast,
): Uint8Array {
  let tail = tails.get(entry);
  if (tail === undefined) {
    // Without the byte that ends it.
    tail = encodeBroadcast({ ...make(), slot: 0, tagRef: 0 }).subarray(NUMBERS_BYTES, -1);
    tails.set(entry, tail);
  }
  const bytes = new Uint8Array(
    HEAD.length + 2 * (1 + VARINT_BYTES) + tail.length + 1 + TIME_BYTES + 3,
  );
  bytes.set(HEAD);
  let at: number = HEAD.length;
  for (const value of [slot, ref]) {
    bytes[at++] = I32;
    at = writePositive(bytes, at, value);
  }
  bytes.set(tail, at);
  at += tail.length;
  if (!isNowOrNever(entry.seq)) {
    const before = entry.collapseKey === null ? EXPIRES : COLLAPSE_KEY;
    bytes[at++] = ((REMAINING - before) << 4) | I64;
    at = writePositive(bytes, at, entry.expiresAt - now);
  }
  // Behind it end Broadcast, Broadcasts and PushDown: the bytes are 0 already.
  return bytes.subarray(0, at + 3);
}

/** Writes a number that is not negative as a zigzag varint. @returns where it ends */
function writePositive(bytes: Uint8Array, from: number, value: number): number {
  let at = from;
  let rest = value * 2;
  for (; rest > 0x7f; rest = Math.floor(rest / 0x80)) bytes[at++] = (rest % 0x80) | 0x80;
  bytes[at++] = rest;
  return at;
}
