/** Why bytes cannot be decoded, or a value cannot be encoded. */
export type ThriftErrorKind =
  /** The bytes end inside a value. */
  | "truncated"
  /** There are bytes after the struct. */
  | "trailing"
  /** A varint is longer than any number of its type: 5 bytes up to 32 bits, 10 for 64. */
  | "overlong"
  /** A known field has another wire type, or a wire type is unknown; or what is to be written as a string is none. */
  | "type"
  /** Unknown fields are nested deeper than `SKIP_DEPTH`. */
  | "depth"
  /** A collection, string or binary claims more than the remaining bytes can hold. */
  | "count"
  /** A required field is missing. */
  | "missing"
  /** A number does not fit its type: i16, i32, field ID, enum, or an i64 beyond ±(2^53 − 1). */
  | "range"
  /** A string is not UTF-8. */
  | "utf8"
  /** A union has no field, or several known ones. */
  | "union";

/** The only error that the codec throws, for bytes and for values. */
export class ThriftError extends Error {
  override readonly name = "ThriftError";
  readonly kind: ThriftErrorKind;

  /** @param where The number of bytes read, or the struct or value at fault. */
  constructor(kind: ThriftErrorKind, where: string | number) {
    super(`thrift ${kind}: ${where}`);
    this.kind = kind;
  }
}
