/** What is wrong with bytes that do not decode, or with a value that cannot be encoded. */
export type ThriftErrorKind =
  /** The bytes end inside a value. */
  | "truncated"
  /** Bytes are left over after the struct. */
  | "trailing"
  /** A varint is longer than any number of its type: 5 bytes up to 32 bits, 10 for 64. */
  | "overlong"
  /** A known field came under another wire type, or a wire type is unknown. */
  | "type"
  /** Unknown fields are nested deeper than `SKIP_DEPTH`. */
  | "depth"
  /** A collection, string or binary claims more than the bytes that are left can hold. */
  | "count"
  /** A required field is not there. */
  | "missing"
  /** A number does not fit its type: i16, i32, field ID, enum, or an i64 beyond ±(2^53 − 1). */
  | "range"
  /** A string is not UTF-8. */
  | "utf8"
  /** A union with no field, or with several known ones. */
  | "union";

/** The only error that the codec throws, for bytes and for values alike. */
export class ThriftError extends Error {
  override readonly name = "ThriftError";
  readonly kind: ThriftErrorKind;

  /** @param where How many bytes were read, or the struct or value at fault. */
  constructor(kind: ThriftErrorKind, where: string | number) {
    super(`thrift ${kind}: ${where}`);
    this.kind = kind;
  }
}
