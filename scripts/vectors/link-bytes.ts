/** Bytes written by hand: forms that a reader takes though no writer of ours makes them, and those it refuses. */
import type { ThriftErrorKind } from "../../schema/codec/error.ts";

/** Bytes that mean `value` and are not its canonical form. */
export interface FormVector {
  readonly name: string;
  readonly struct: string;
  readonly hex: string;
  readonly value: unknown;
}

/** Bytes that are refused. */
export interface BadVector {
  readonly name: string;
  readonly struct: string;
  readonly hex: string;
  readonly error: ThriftErrorKind;
}

export const FORMS: readonly FormVector[] = [
  { name: "long field header", struct: "Attach", hex: "05020200", value: { slot: 1 } },
  {
    name: "long list header for a short list",
    struct: "Hello",
    hex: "150229f5010200",
    value: { revision: 1, attach: [1] },
  },
  {
    name: "fields out of order",
    struct: "Unregister",
    hex: "250205020400",
    value: { request: 2, slot: 1 },
  },
  { name: "varint with a padding byte", struct: "Attach", hex: "15820000", value: { slot: 1 } },
  {
    name: "the last of a repeated field counts",
    struct: "Attach",
    hex: "150205020400",
    value: { slot: 2 },
  },
  { name: "unknown field skipped: bool", struct: "Attach", hex: "1502f100", value: { slot: 1 } },
  {
    name: "unknown field skipped: double",
    struct: "Attach",
    hex: "1502f7000000000000000000",
    value: { slot: 1 },
  },
  {
    name: "unknown field skipped: i64 of 64 bits",
    struct: "Attach",
    hex: "1502f6ffffffffffffffffff0100",
    value: { slot: 1 },
  },
  {
    name: "unknown field skipped: map of byte to binary",
    struct: "Attach",
    hex: "1502fb013805016100",
    value: { slot: 1 },
  },
  {
    name: "unknown field skipped: empty map",
    struct: "Attach",
    hex: "1502fb0000",
    value: { slot: 1 },
  },
  {
    name: "unknown field skipped: set of two bools",
    struct: "Attach",
    hex: "1502fa21010200",
    value: { slot: 1 },
  },
  {
    name: "unknown field skipped: struct",
    struct: "Attach",
    hex: "1502fc15020000",
    value: { slot: 1 },
  },
  {
    name: "unknown field skipped: uuid",
    struct: "Attach",
    hex: "1502fd0000000000000000000000000000000000",
    value: { slot: 1 },
  },
  {
    name: "union of a newer peer",
    struct: "PushUp",
    hex: "0cc6010000",
    value: { kind: "unknown", value: 99 },
  },
  {
    name: "union with a known and an unknown field",
    struct: "PushUp",
    hex: "3c150200f50200",
    value: { kind: "attach", value: { slot: 1 } },
  },
];

export const BAD: readonly BadVector[] = [
  { name: "nothing at all", struct: "Attach", hex: "", error: "truncated" },
  { name: "no stop byte", struct: "Attach", hex: "1502", error: "truncated" },
  { name: "cut in a varint", struct: "Attach", hex: "1582", error: "truncated" },
  { name: "a byte after the struct", struct: "Attach", hex: "15020000", error: "trailing" },
  { name: "i32 of six bytes", struct: "Attach", hex: "15808080808000", error: "overlong" },
  {
    name: "i64 of eleven bytes",
    struct: "Echo",
    hex: "16808080808080808080800000",
    error: "overlong",
  },
  {
    name: "unknown i64 of eleven bytes",
    struct: "Attach",
    hex: "1502f6808080808080808080800000",
    error: "overlong",
  },
  { name: "i32 field sent as i64", struct: "Attach", hex: "160200", error: "type" },
  { name: "i32 field sent as bool", struct: "Attach", hex: "1100", error: "type" },
  { name: "list of another element type", struct: "Hello", hex: "150229160200", error: "type" },
  { name: "unknown wire type 14", struct: "Attach", hex: "1502fe00", error: "type" },
  { name: "unknown list of type 0", struct: "Attach", hex: "1502f91000", error: "type" },
  {
    name: "unknown structs nested 33 deep",
    struct: "Attach",
    hex: `1502fc${"1c".repeat(32)}${"00".repeat(34)}`,
    error: "depth",
  },
  {
    name: "list of more elements than bytes",
    struct: "Hello",
    hex: "150229f5ffffffff0f",
    error: "count",
  },
  {
    name: "binary longer than the frame",
    struct: "Envelope",
    hex: "140018ffff0300",
    error: "count",
  },
  {
    name: "unknown binary longer than the frame",
    struct: "Attach",
    hex: "1502f8ffff0300",
    error: "count",
  },
  {
    name: "unknown map of more entries than bytes",
    struct: "Attach",
    hex: "1502fbffff033300",
    error: "count",
  },
  { name: "no required field", struct: "Attach", hex: "00", error: "missing" },
  { name: "one of two required fields", struct: "Unregister", hex: "150200", error: "missing" },
  {
    name: "required field missing in a list's element",
    struct: "PushUp",
    hex: "591c150215020000",
    error: "missing",
  },
  { name: "i16 over its range", struct: "Envelope", hex: "14808004180000", error: "range" },
  { name: "i32 of 33 bits", struct: "Attach", hex: "15ffffffff1f00", error: "range" },
  { name: "i64 of 2^53", struct: "Echo", hex: "16808080808080802000", error: "range" },
  { name: "i64 of -(2^53)", struct: "Echo", hex: "16ffffffffffffff1f00", error: "range" },
  { name: "enum value that is none", struct: "Ack", hex: "15021508160000", error: "range" },
  { name: "field ID over an i16", struct: "Attach", hex: "150205feff03021500", error: "range" },
  { name: "text that is not UTF-8", struct: "Hello", hex: "15023801ff00", error: "utf8" },
  {
    name: "text with half a surrogate pair",
    struct: "Hello",
    hex: "15023803eda08000",
    error: "utf8",
  },
  { name: "union of nothing", struct: "LinkUp", hex: "00", error: "union" },
  { name: "union of two", struct: "PushUp", hex: "3c1502001c15020000", error: "union" },
];
