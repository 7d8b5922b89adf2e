/** Reads a chunked body (RFC 9112 §7.1), bounded while it arrives. */
import { isFieldLine } from "./head.ts";

/** Bound of a size line with extensions, and of the trailers, which are ignored. */
const LINE_BYTES = 1_024;
const FIRST_BYTES = 4_096;
const CR = 13;
const LF = 10;

export class ChunkReader {
  readonly bound: number;
  /** One growing buffer: as a list of parts, a body in chunks of one byte took two hundred times its size. */
  #body = new Uint8Array(FIRST_BYTES);
  #bytes = 0;

  /** @param bound reading ends after this many bytes, and the caller refuses the body */
  constructor(bound: number) {
    this.bound = bound;
  }

  /** The part of the body that was read; valid until the next call of `read`. */
  get body(): Uint8Array<ArrayBuffer> {
    return this.#body.subarray(0, this.#bytes);
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Whether the body exceeds the bound; the rest is not read. */
  get isOver(): boolean {
    return this.#bytes > this.bound;
  }

  /**
   * Reads complete chunks.
   *
   * @returns how many bytes were used, and whether the body has ended; null if a chunk is malformed
   */
  read(input: Uint8Array): { readonly used: number; readonly isEnd: boolean } | null {
    let at = 0;
    while (!this.isOver) {
      const lineEnd = input.indexOf(LF, at);
      if (lineEnd < 0) return input.length - at > LINE_BYTES ? null : { used: at, isEnd: false };
      if (lineEnd - at > LINE_BYTES || input[lineEnd - 1] !== CR) return null;
      const size = sizeOf(input.subarray(at, lineEnd - 1));
      if (size === null) return null;
      if (size === 0) return this.#end(input, at, lineEnd);
      // A chunk that exceeds the bound is refused by its size line.
      if (this.#bytes + size > this.bound) this.#bytes += size;
      const end = lineEnd + 1 + size;
      if (this.isOver) return { used: input.length, isEnd: true };
      if (input.length < end + 2) return { used: at, isEnd: false };
      if (input[end] !== CR || input[end + 1] !== LF) return null;
      this.#take(input.subarray(lineEnd + 1, end));
      at = end + 2;
    }
    return { used: at, isEnd: true };
  }

  #take(part: Uint8Array): void {
    const bytes = this.#bytes + part.length;
    if (bytes > this.#body.length) {
      const larger = new Uint8Array(Math.max(bytes, 2 * this.#body.length));
      larger.set(this.body);
      this.#body = larger;
    }
    this.#body.set(part, this.#bytes);
    this.#bytes = bytes;
  }

  #end(input: Uint8Array, at: number, lineEnd: number) {
    // The empty line follows directly, or after trailers.
    for (let start = lineEnd + 1; ; ) {
      const next = input.indexOf(LF, start);
      if ((next < 0 ? input.length : next) - lineEnd > LINE_BYTES) return null;
      if (next < 0) return { used: at, isEnd: false };
      if (next === start + 1 && input[start] === CR) return { used: next + 1, isEnd: true };
      // A parser that ends the body at a bare LF would read a request in what follows.
      if (!isFieldLine(input.subarray(start, next + 1))) return null;
      start = next + 1;
    }
  }
}

function sizeOf(line: Uint8Array): number | null {
  const text = String.fromCharCode(...line);
  const size = /^([\da-f]{1,8})(?:[\t ]*;[\t\x20-\x7e]*)?$/i.exec(text);
  return size === null ? null : Number.parseInt(size[1] ?? "", 16);
}
