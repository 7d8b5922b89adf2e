/** A chunked body (RFC 9112 §7.1), bounded while it is read. */
import { headEnd } from "./head.ts";

/** Size line with extensions, and trailers: nobody here reads them. */
const LINE_BYTES = 1_024;
const FIRST_BYTES = 4_096;
const CR = 13;
const LF = 10;

export class ChunkReader {
  readonly #bound: number;
  /** One buffer that grows: a body in chunks of one byte each took two hundred times its size as parts. */
  #body = new Uint8Array(FIRST_BYTES);
  #bytes = 0;

  /** @param bound bytes after which reading ends: enough to refuse the body for */
  constructor(bound: number) {
    this.#bound = bound;
  }

  /** What has been read of the body; not to be kept while it is read on. */
  get body(): Uint8Array<ArrayBuffer> {
    return this.#body.subarray(0, this.#bytes);
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** More was read than the bound: the rest of it is not looked at. */
  get isOver(): boolean {
    return this.#bytes > this.#bound;
  }

  /**
   * Reads whole chunks.
   *
   * @returns how many bytes it has used, and whether that was the end; null for what is no chunk
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
      // A chunk of any size is over the bound before it is whole.
      if (this.#bytes + size > this.#bound) this.#bytes += size;
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
    // The empty line follows at once, or after trailers.
    const rest = headEnd(input.subarray(lineEnd - 1), 0);
    if (rest >= 0) return { used: lineEnd - 1 + rest, isEnd: true };
    return input.length - lineEnd > LINE_BYTES ? null : { used: at, isEnd: false };
  }
}

function sizeOf(line: Uint8Array): number | null {
  const text = String.fromCharCode(...line);
  const size = /^([\da-f]{1,8})(?:[\t ]*;[\t\x20-\x7e]*)?$/i.exec(text);
  return size === null ? null : Number.parseInt(size[1] ?? "", 16);
}
