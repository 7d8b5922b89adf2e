/**
 * Text that callers chose. Deno's SQLite reads a text only up to its first NUL (it writes and compares it whole), and a tag may
 * hold one: such columns are read as bytes.
 */

/** A column of a query, to be read by `textOf`. */
export const textColumn = (column: string, name = column): string =>
  `CAST(${column} AS BLOB) AS ${name}`;

// A name may begin with what elsewhere marks the byte order.
const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

export const textOf = (bytes: Uint8Array): string => utf8.decode(bytes);
