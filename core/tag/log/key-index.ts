/**
 * Finds the broadcasts of a log by key. Reads the whole ring at the first search: a row for each key would be one more row
 * written for every broadcast.
 */
import { toBase64Url } from "../../../schema/text.ts";
import type { LogHeader } from "../store.ts";

/** The log that is searched. */
interface SearchedLog {
  /** Oldest and newest position of the ring. */
  readonly bounds: () => { readonly first: number; readonly head: number };
  readonly header: (position: number) => LogHeader | undefined;
  /** All headers, newest first. Reads every row. */
  readonly readHeaders: () => Iterable<LogHeader>;
}

export class KeyIndex {
  readonly #log: SearchedLog;
  /** Positions by base64url of the key; null until the first search. */
  #positions: Map<string, number> | null = null;

  constructor(log: SearchedLog) {
    this.#log = log;
  }

  find(key: Uint8Array): LogHeader | undefined {
    this.#positions ??= this.#read();
    const position = this.#positions.get(toBase64Url(key));
    return position === undefined ? undefined : this.#log.header(position);
  }

  /** Searches by number first, which takes a few rows: numbers rise with the position, except those given by another tag's root. */
  findBySeq(seq: number, key: Uint8Array): LogHeader | undefined {
    const isFound = (header: LogHeader | undefined) =>
      header?.seq === seq && toBase64Url(header.key) === toBase64Url(key);
    let { first: low, head: high } = this.#log.bounds();
    while (this.#positions === null && low <= high) {
      const middle = Math.floor((low + high) / 2);
      const header = this.#log.header(middle);
      if (isFound(header)) return header;
      // Rows that are missing are older than all others.
      if (header === undefined || header.seq < seq) low = middle + 1;
      else high = middle - 1;
    }
    return this.find(key);
  }

  add({ key, position }: LogHeader): void {
    this.#positions?.set(toBase64Url(key), position);
  }

  remove({ key, position }: LogHeader): void {
    const text = toBase64Url(key);
    if (this.#positions?.get(text) === position) this.#positions.delete(text);
  }

  #read(): Map<string, number> {
    const positions = new Map<string, number>();
    for (const { key, position } of this.#log.readHeaders()) {
      const text = toBase64Url(key);
      // Of two with the same key, the newer one counts, as if each had been added when it was appended.
      if (!positions.has(text)) positions.set(text, position);
    }
    return positions;
  }
}
