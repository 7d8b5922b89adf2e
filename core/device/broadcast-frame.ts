/**
 * The frame of one broadcast to one device. All but two numbers of it is the same for every member of a tag, and is encoded
 * once for each entry: in a process that holds many devices they share it.
 */
import { type Broadcast, encodeBroadcast } from "../../schema/generated/link.ts";
import type { LogEntry } from "../tag/types.ts";

/** A Broadcast behind its first two fields, of the tag whose log the entry is from. */
const tails = new WeakMap<LogEntry, Uint8Array>();

/** The first two fields where both are 0: a header and a varint of one byte each. */
const NUMBERS_BYTES = 4;
/** PushDown's field of Broadcasts, its list, and that it has one struct. */
const HEAD = [0x7c, 0x19, 0x1c] as const;
/** The header of an i32 that follows the field before it. */
const I32 = 0x15;
/** The longest varint of 32 bits. */
const VARINT_BYTES = 5;

/**
 * `encodePushDown` of Broadcasts with one Broadcast, byte for byte.
 *
 * @param make the whole of it; asked only where nobody had this entry before
 */
export function encodeOneBroadcast(
  entry: LogEntry,
  { slot, ref }: { readonly slot: number; readonly ref: number },
  make: () => Broadcast,
): Uint8Array {
  let tail = tails.get(entry);
  if (tail === undefined) {
    tail = encodeBroadcast({ ...make(), slot: 0, tagRef: 0 }).subarray(NUMBERS_BYTES);
    tails.set(entry, tail);
  }
  const bytes = new Uint8Array(HEAD.length + 2 * (1 + VARINT_BYTES) + tail.length + 2);
  bytes.set(HEAD);
  let at: number = HEAD.length;
  for (const value of [slot, ref]) {
    bytes[at++] = I32;
    // Zigzag; a slot and a ref are positive.
    let rest = (value << 1) >>> 0;
    for (; rest > 0x7f; rest >>>= 7) bytes[at++] = (rest & 0x7f) | 0x80;
    bytes[at++] = rest;
  }
  bytes.set(tail, at);
  // Behind the tail end Broadcasts and PushDown: the bytes are 0 already.
  return bytes.subarray(0, at + tail.length + 2);
}
