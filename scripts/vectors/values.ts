/** What the values of the vectors are made of. */

/** A value and its one canonical form. */
export interface ValueVector {
  readonly name: string;
  readonly struct: string;
  readonly value: unknown;
  readonly bytes: Uint8Array;
}

export const MAX_I64 = Number.MAX_SAFE_INTEGER;
export const MAX_I32 = 2 ** 31 - 1;
export const MIN_I32 = -(2 ** 31);
/** 2026-11-01T00:00:00Z in the mesh's sequence, and a millisecond with a counter. */
export const SEQ = 89_424_000_000 * 4096;

/** `count` bytes that differ: 0, 1, 2 … */
export const bytes = (count: number): Uint8Array =>
  Uint8Array.from({ length: count }, (_, at) => at);
export const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** Binds an encoder's type to its value, so that a vector's value is checked by the compiler. */
export function vector<T>(
  struct: string,
  encode: (value: T) => Uint8Array,
  values: Readonly<Record<string, T>>,
): ValueVector[] {
  return Object.entries(values).map(([name, value]) => ({
    name,
    struct,
    value,
    bytes: encode(value),
  }));
}
