// Made by scripts/generate-schema.ts from test/schema/support/kitchen.thrift. Do not edit: run that again.
// `case 0x25` is field 2 of wire type 5; the last argument of skipField has a bit per known field.

import { ThriftError } from "../../../schema/codec/error.ts";
import { type Reader, decode, nextField, readBinary, readBool, readI16, readI32, readI64, readList, readString, skipField } from "../../../schema/codec/reader.ts";
import { type Writer, encode, writeBinary, writeBool, writeByte, writeField, writeI16, writeI32, writeI64, writeList, writeString } from "../../../schema/codec/writer.ts";

export const Colour = {
  RED: 0,
  GREEN: 7,
  BLUE: 2147483647,
} as const;
export type Colour = 0 | 7 | 2147483647;

const writeColour: (writer: Writer, value: Colour) => void = writeI32;

function readColour(reader: Reader): Colour {
  const value = readI32(reader);
  switch (value) {
    case 0:
    case 7:
    case 2147483647:
      return value;
    default:
      throw new ThriftError("range", "Colour");
  }
}

export interface Inner {
  readonly flag?: boolean;
  readonly text: string;
}

function writeInner(writer: Writer, value: Inner): void {
  let last = 0;
  if (value.flag !== undefined) { writeByte(writer, value.flag ? 0x21 : 0x22); last = 2; }
  writeField(writer, last, 9, 8); writeString(writer, value.text);
  writeByte(writer, 0);
}

function readInner(reader: Reader): Inner {
  let flag_: boolean | undefined;
  let text_: string | undefined;
  for (let header = nextField(reader, 0); header !== 0; header = nextField(reader, header)) {
    switch (header) {
      case 0x21:
        flag_ = true;
        break;
      case 0x22:
        flag_ = false;
        break;
      case 0x98:
        text_ = readString(reader);
        break;
      default:
        skipField(reader, header, 0x204);
    }
  }
  if (text_ === undefined) throw new ThriftError("missing", "Inner");
  const value: { -readonly [K in keyof Inner]: Inner[K] } = { text: text_ };
  if (flag_ !== undefined) value.flag = flag_;
  return value;
}

/** The bytes of one Inner. @throws ThriftError `range` where a number does not fit its type. */
export function encodeInner(value: Inner): Uint8Array<ArrayBuffer> {
  return encode(value, writeInner);
}

/** Reads one Inner that fills `bytes`; binary fields are views into them. @throws ThriftError */
export function decodeInner(bytes: Uint8Array): Inner {
  return decode(bytes, readInner);
}

/** Gaps between IDs, IDs more than 15 apart, optional fields before required ones, every kind of list. */
export interface Kitchen {
  readonly first?: boolean;
  /** Over 15 apart from the one before: a long header. */
  readonly small: number;
  readonly bools?: readonly boolean[];
  readonly last: boolean;
  readonly smalls?: readonly number[];
  readonly longs?: readonly number[];
  readonly texts?: readonly string[];
  readonly blobs?: readonly Uint8Array[];
  readonly colours?: readonly Colour[];
  readonly inners?: readonly Inner[];
  readonly moreInners: readonly Inner[];
  readonly colour?: Colour;
}

function writeKitchen(writer: Writer, value: Kitchen): void {
  let last = 0;
  if (value.first !== undefined) { writeByte(writer, value.first ? 0x11 : 0x12); last = 1; }
  writeField(writer, last, 17, 4); writeI16(writer, value.small);
  last = 17;
  if (value.bools !== undefined) { writeByte(writer, 0x19); last = 18; writeList(writer, 1, value.bools, writeBool); }
  writeField(writer, last, 19, value.last ? 1 : 2);
  last = 19;
  if (value.smalls !== undefined) { writeByte(writer, 0x19); last = 20; writeList(writer, 4, value.smalls, writeI16); }
  if (value.longs !== undefined) { last = writeField(writer, last, 21, 9); writeList(writer, 6, value.longs, writeI64); }
  if (value.texts !== undefined) { last = writeField(writer, last, 22, 9); writeList(writer, 8, value.texts, writeString); }
  if (value.blobs !== undefined) { last = writeField(writer, last, 23, 9); writeList(writer, 8, value.blobs, writeBinary); }
  if (value.colours !== undefined) { last = writeField(writer, last, 24, 9); writeList(writer, 5, value.colours, writeColour); }
  if (value.inners !== undefined) { last = writeField(writer, last, 25, 9); writeList(writer, 12, value.inners, writeInner); }
  writeField(writer, last, 26, 9); writeList(writer, 12, value.moreInners, writeInner);
  if (value.colour !== undefined) { writeByte(writer, 0x55); writeColour(writer, value.colour); }
  writeByte(writer, 0);
}

function readKitchen(reader: Reader): Kitchen {
  let first_: boolean | undefined;
  let small_: number | undefined;
  let bools_: readonly boolean[] | undefined;
  let last_: boolean | undefined;
  let smalls_: readonly number[] | undefined;
  let longs_: readonly number[] | undefined;
  let texts_: readonly string[] | undefined;
  let blobs_: readonly Uint8Array[] | undefined;
  let colours_: readonly Colour[] | undefined;
  let inners_: readonly Inner[] | undefined;
  let moreInners_: readonly Inner[] | undefined;
  let colour_: Colour | undefined;
  for (let header = nextField(reader, 0); header !== 0; header = nextField(reader, header)) {
    switch (header) {
      case 0x11:
        first_ = true;
        break;
      case 0x12:
        first_ = false;
        break;
      case 0x114:
        small_ = readI16(reader);
        break;
      case 0x129:
        bools_ = readList(reader, 1, readBool);
        break;
      case 0x131:
        last_ = true;
        break;
      case 0x132:
        last_ = false;
        break;
      case 0x149:
        smalls_ = readList(reader, 4, readI16);
        break;
      case 0x159:
        longs_ = readList(reader, 6, readI64);
        break;
      case 0x169:
        texts_ = readList(reader, 8, readString);
        break;
      case 0x179:
        blobs_ = readList(reader, 8, readBinary);
        break;
      case 0x189:
        colours_ = readList(reader, 5, readColour);
        break;
      case 0x199:
        inners_ = readList(reader, 12, readInner);
        break;
      case 0x1a9:
        moreInners_ = readList(reader, 12, readInner);
        break;
      case 0x1f5:
        colour_ = readColour(reader);
        break;
      default:
        skipField(reader, header, 0x87fe0002);
    }
  }
  if (small_ === undefined || last_ === undefined || moreInners_ === undefined) throw new ThriftError("missing", "Kitchen");
  const value: { -readonly [K in keyof Kitchen]: Kitchen[K] } = { small: small_, last: last_, moreInners: moreInners_ };
  if (first_ !== undefined) value.first = first_;
  if (bools_ !== undefined) value.bools = bools_;
  if (smalls_ !== undefined) value.smalls = smalls_;
  if (longs_ !== undefined) value.longs = longs_;
  if (texts_ !== undefined) value.texts = texts_;
  if (blobs_ !== undefined) value.blobs = blobs_;
  if (colours_ !== undefined) value.colours = colours_;
  if (inners_ !== undefined) value.inners = inners_;
  if (colour_ !== undefined) value.colour = colour_;
  return value;
}

/** The bytes of one Kitchen. @throws ThriftError `range` where a number does not fit its type. */
export function encodeKitchen(value: Kitchen): Uint8Array<ArrayBuffer> {
  return encode(value, writeKitchen);
}

/** Reads one Kitchen that fills `bytes`; binary fields are views into them. @throws ThriftError */
export function decodeKitchen(bytes: Uint8Array): Kitchen {
  return decode(bytes, readKitchen);
}

export type Choice =
  | { readonly kind: "flag"; readonly value: boolean }
  | { readonly kind: "longs"; readonly value: readonly number[] }
  | { readonly kind: "text"; readonly value: string }
  | { readonly kind: "inner"; readonly value: Inner }
  /** A frame of a newer peer: none of its fields is in our IDL. The value is the ID of the last. */
  | { readonly kind: "unknown"; readonly value: number };

/** A Choice that can be sent. */
export type WritableChoice = Exclude<Choice, { readonly kind: "unknown" }>;

function writeChoice(writer: Writer, value: WritableChoice): void {
  switch (value.kind) {
    case "flag":
      writeByte(writer, value.value ? 0x11 : 0x12);
      break;
    case "longs":
      writeByte(writer, 0x29); writeList(writer, 6, value.value, writeI64);
      break;
    case "text":
      writeField(writer, 0, 20, 8); writeString(writer, value.value);
      break;
    case "inner":
      writeField(writer, 0, 31, 12); writeInner(writer, value.value);
      break;
  }
  writeByte(writer, 0);
}

function readChoice(reader: Reader): Choice {
  let value: Choice | undefined;
  let known = 0;
  for (let header = nextField(reader, 0); header !== 0; header = nextField(reader, header)) {
    switch (header) {
      case 0x11:
        known++; value = { kind: "flag", value: true };
        break;
      case 0x12:
        known++; value = { kind: "flag", value: false };
        break;
      case 0x29:
        known++; value = { kind: "longs", value: readList(reader, 6, readI64) };
        break;
      case 0x148:
        known++; value = { kind: "text", value: readString(reader) };
        break;
      case 0x1fc:
        known++; value = { kind: "inner", value: readInner(reader) };
        break;
      default:
        skipField(reader, header, 0x80100006);
        if (known === 0) value = { kind: "unknown", value: header >> 4 };
    }
  }
  if (value === undefined || known > 1) throw new ThriftError("union", "Choice");
  return value;
}

/** The bytes of one Choice. @throws ThriftError `range` where a number does not fit its type. */
export function encodeChoice(value: WritableChoice): Uint8Array<ArrayBuffer> {
  return encode(value, writeChoice);
}

/** Reads one Choice that fills `bytes`; binary fields are views into them. @throws ThriftError */
export function decodeChoice(bytes: Uint8Array): Choice {
  return decode(bytes, readChoice);
}

/** Everything optional: the empty struct is a value. */
export interface Loose {
  readonly number?: number;
  readonly inner?: Inner;
}

function writeLoose(writer: Writer, value: Loose): void {
  let last = 0;
  if (value.number !== undefined) { writeByte(writer, 0x35); last = 3; writeI32(writer, value.number); }
  if (value.inner !== undefined) { writeField(writer, last, 30, 12); writeInner(writer, value.inner); }
  writeByte(writer, 0);
}

function readLoose(reader: Reader): Loose {
  let number_: number | undefined;
  let inner_: Inner | undefined;
  for (let header = nextField(reader, 0); header !== 0; header = nextField(reader, header)) {
    switch (header) {
      case 0x35:
        number_ = readI32(reader);
        break;
      case 0x1ec:
        inner_ = readInner(reader);
        break;
      default:
        skipField(reader, header, 0x40000008);
    }
  }
  const value: { -readonly [K in keyof Loose]: Loose[K] } = {  };
  if (number_ !== undefined) value.number = number_;
  if (inner_ !== undefined) value.inner = inner_;
  return value;
}

/** The bytes of one Loose. @throws ThriftError `range` where a number does not fit its type. */
export function encodeLoose(value: Loose): Uint8Array<ArrayBuffer> {
  return encode(value, writeLoose);
}

/** Reads one Loose that fills `bytes`; binary fields are views into them. @throws ThriftError */
export function decodeLoose(bytes: Uint8Array): Loose {
  return decode(bytes, readLoose);
}
