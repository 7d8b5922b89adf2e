/**
 * The codec: each struct is a table, its shape, that one reader and one writer follow. schema/generated/ has the shapes
 * of an IDL. Tables are smaller than code per struct, and cost a send under 1 µs more (docs/decisions/0001-codec.md).
 */
import { ThriftError } from "./error.ts";
import {
  nextField,
  type Reader,
  readBinary,
  readBool,
  readI16,
  readI32,
  readI64,
  readList,
  readString,
  skipField,
} from "./reader.ts";
import {
  type Writer,
  writeBinary,
  writeBool,
  writeByte,
  writeField,
  writeI16,
  writeI32,
  writeI64,
  writeList,
  writeString,
} from "./writer.ts";

/** Wire type, reader and writer of one type; a reader may return what cannot be written, such as an unknown frame. */
export type Shape<Read, Written = Read> = readonly [
  wire: number,
  read: (reader: Reader) => Read,
  write: (writer: Writer, value: Written) => void,
];

/** A shape whose type is known only by its position among the fields. */
type AnyShape = Shape<unknown, never>;

/** The field ID 5 that no field has is the entry `_5: undefined`: the position of an entry is its ID. */
type Gaps = { readonly [id: `_${number}`]: undefined };
/** The fields of a struct in the order of their IDs, which begin at 1. */
type Fields<T> = { readonly [K in keyof T]-?: Shape<Exclude<T[K], undefined>> } & Gaps;
/** The kinds of a union `T` in the order of their IDs, with the shapes of their values. */
type Kinds<T extends { readonly kind: string; readonly value: unknown }> = {
  readonly [K in T as K["kind"]]: Shape<K["value"]>;
} & Gaps;

export const BOOL: Shape<boolean> = [1, readBool, writeBool];
export const I16: Shape<number> = [4, readI16, writeI16];
export const I32: Shape<number> = [5, readI32, writeI32];
export const I64: Shape<number> = [6, readI64, writeI64];
export const STRING: Shape<string> = [8, readString, writeString];
export const BINARY: Shape<Uint8Array> = [8, readBinary, writeBinary];

export function list<T>([wire, read, write]: Shape<T>): Shape<readonly T[]> {
  return [
    9,
    (reader) => readList(reader, wire, read),
    (writer, values) => writeList(writer, wire, values, write),
  ];
}

/** @param members The enum's names and numbers. */
export function enumeration<T extends number>(members: Readonly<Record<string, T>>): Shape<T> {
  const numbers = Object.values(members);
  return [
    5,
    (reader) => {
      const value = readI32(reader) as T;
      if (!numbers.includes(value)) throw new ThriftError("range", value);
      return value;
    },
    writeI32,
  ];
}

/** @param required Bit `n` is set where field `n` is required. */
export function struct<T extends object>(required: number, fields: Fields<T>): Shape<T> {
  const names = Object.keys(fields);
  const shapes: readonly (AnyShape | undefined)[] = Object.values(fields);
  return [
    12,
    (reader) => {
      const value: Record<string, unknown> = {};
      let seen = 0;
      readFields(reader, shapes, (id, field) => {
        value[names[id - 1] as string] = field;
        seen |= 1 << id;
      });
      if (required & ~seen) throw new ThriftError("missing", names.join());
      return value as T;
    },
    (writer, value) =>
      writeFields(writer, required, names, shapes, value as Record<string, unknown>),
  ];
}

/** Reads a kind that it does not know as `unknown`; writes only the kinds that it names. */
export function union<
  Read extends { readonly kind: string; readonly value: unknown },
  Written extends Read,
>(kinds: Kinds<Written>): Shape<Read, Written> {
  const names = Object.keys(kinds);
  const shapes: readonly (AnyShape | undefined)[] = Object.values(kinds);
  return [
    12,
    (reader) => {
      let known = 0;
      let value: unknown;
      const other = readFields(reader, shapes, (id, field) => {
        known++;
        value = { kind: names[id - 1], value: field };
      });
      if (known > 1 || (value ?? other) === undefined) throw new ThriftError("union", names.join());
      return (value ?? { kind: "unknown", value: other }) as Read;
    },
    (writer, { kind, value }) => {
      const id = names.indexOf(kind) + 1;
      writeValue(writer, 0, id, shapes[id - 1] as AnyShape, value);
      writeByte(writer, 0);
    },
  ];
}

/** Calls `take` with each known field. Returns the ID of the last unknown one. */
function readFields(
  reader: Reader,
  shapes: readonly (AnyShape | undefined)[],
  take: (id: number, value: unknown) => void,
): number | undefined {
  let other: number | undefined;
  for (let header = nextField(reader, 0); header !== 0; header = nextField(reader, header)) {
    const id = header >> 4;
    const found = header & 0x0f;
    const shape = shapes[id - 1];
    // A bool field has its value in the wire type.
    if (shape === BOOL && found < 3) take(id, found === 1);
    else if (shape?.[0] === found && found > 2) take(id, shape[1](reader));
    else {
      skipField(reader, header, shape === undefined ? 0 : -1);
      other = id;
    }
  }
  return other;
}

function writeFields(
  writer: Writer,
  required: number,
  names: readonly string[],
  shapes: readonly (AnyShape | undefined)[],
  values: Readonly<Record<string, unknown>>,
): void {
  let last = 0;
  for (let id = 1; id <= names.length; id++) {
    const value = values[names[id - 1] as string];
    if (value === undefined && !((required >> id) & 1)) continue;
    last = writeValue(writer, last, id, shapes[id - 1] as AnyShape, value);
  }
  writeByte(writer, 0);
}

/** Writes one field: its header, then its value. Returns its ID. */
function writeValue(
  writer: Writer,
  last: number,
  id: number,
  [wire, , write]: AnyShape,
  value: unknown,
): number {
  const bool = wire === 1;
  writeField(writer, last, id, bool && value !== true ? 2 : wire);
  if (!bool) write(writer, value as never);
  return id;
}
