/**
 * Encodes the frame of one broadcast to one device. All of it except three numbers is the same for every member of a tag, so that
 * part is encoded once per entry and shared by all devices of a process.
 */
import { type Broadcast, encodeBroadcast } from "../../../schema/generated/link.ts";
import { isNowOrNever } from "../../message/clock.ts";
import type { LogEntry } from "../../tag/calls/broadcast.ts";

/** The parts of an encoded Broadcast that are the same for every member. */
interface Shared {
  /** The fields after the first two, up to `remainingMs`. */
  readonly before: Uint8Array;
  /** Those after `remainingMs`. */
  readonly after: Uint8Array;
}

const shared = new WeakMap<LogEntry, Shared>();

/** Length of the first two fields if both are 0: one byte of header and one of varint each. */
const NUMBERS_BYTES = 4;
/** PushDown's field header of Broadcasts, the header of its list, and the list's length, one struct. */
const HEAD = [0x7c, 0x19, 0x1c] as const;
/** Length of `remainingMs` if it is 0: the same. */
const ZERO_BYTES = 2;
/** The field header of an i32 whose ID follows the previous one. */
const I32 = 0x15;
/** The longest varint of 32 bits, and that of a time in milliseconds. */
const VARINT_BYTES = 5;
const TIME_BYTES = 8;
/** The compact type of an i64, and Broadcast's field IDs of `remainingMs` and of the fields before it. */
const I64 = 6;
const REMAINING = 13;
const COLLAPSE_KEY = 12;
const EXPIRES = 11;

/**
 * Returns the same bytes as `encodePushDown` of Broadcasts with one Broadcast.
 *
 * @param make returns the Broadcast without `remainingMs`; called only if this entry was not encoded before
 */
export function encodeOneBroadcast(
  entry: LogEntry,
  { slot, ref }: { readonly slot: number; readonly ref: number },
  now: number,
  make: () => Broadcast,
): Uint8Array {
  let parts = shared.get(entry);
  if (parts === undefined) {
    parts = sharedOf(make(), isNowOrNever(entry.seq));
    shared.set(entry, parts);
  }
  const { before, after } = parts;
  const bytes = new Uint8Array(
    HEAD.length + 2 * (1 + VARINT_BYTES) + before.length + 1 + TIME_BYTES + after.length + 3,
  );
  bytes.set(HEAD);
  let at: number = HEAD.length;
  for (const value of [slot, ref]) {
    bytes[at++] = I32;
    at = writePositive(bytes, at, value);
  }
  bytes.set(before, at);
  at += before.length;
  if (!isNowOrNever(entry.seq)) {
    const previous = entry.collapseKey === null ? EXPIRES : COLLAPSE_KEY;
    bytes[at++] = ((REMAINING - previous) << 4) | I64;
    at = writePositive(bytes, at, entry.expiresAt - now);
  }
  bytes.set(after, at);
  at += after.length;
  // Then the stop bytes of Broadcast, Broadcasts and PushDown, which are 0 already.
  return bytes.subarray(0, at + 3);
}

function sharedOf(broadcast: Broadcast, isNow: boolean): Shared {
  const { notification, ...rest } = { ...broadcast, slot: 0, tagRef: 0 };
  // Without the stop byte.
  const partOf = (value: Broadcast) => encodeBroadcast(value).subarray(NUMBERS_BYTES, -1);
  const before = partOf(rest);
  if (notification === undefined) return { before, after: before.subarray(before.length) };
  // Its header counts from the field before it.
  const whole = partOf({ ...rest, ...(isNow ? {} : { remainingMs: 0 }), notification });
  return { before, after: whole.subarray(before.length + (isNow ? 0 : ZERO_BYTES)) };
}

/** Writes a non-negative number as a zigzag varint. @returns the index after it */
function writePositive(bytes: Uint8Array, from: number, value: number): number {
  let at = from;
  let rest = value * 2;
  for (; rest > 0x7f; rest = Math.floor(rest / 0x80)) bytes[at++] = (rest % 0x80) | 0x80;
  bytes[at++] = rest;
  return at;
}
