/** Finds where workerd's answers begin and end. The answers themselves are passed on unchanged. */
import { Buffer } from "node:buffer";
import { headEnd, trimmed } from "../../machine/net/http/head.ts";

const NOTHING = new Uint8Array();
const LF = 10;

interface ResponseHead {
  readonly status: number;
  /** By names in lower case. */
  readonly fields: ReadonlyMap<string, string>;
}

/** What a piece of the stream contained. */
interface ResponseRead {
  /** The head that ended in this piece. */
  readonly head: ResponseHead | null;
  /** Whether the answer is complete. */
  readonly isEnd: boolean;
  /** Frames that follow the head of a 101. */
  readonly rest: Uint8Array;
}

/** Reads one answer. */
export class ResponseReader {
  readonly #isHead: boolean;
  #input: Uint8Array = NOTHING;
  #hasHead = false;
  /** Bytes of the body, or of the chunk, that have not arrived. */
  #left = 0;
  #isChunked = false;
  #isLastChunk = false;

  /** @param isHead whether the request was HEAD, so that there is no body */
  constructor(isHead: boolean) {
    this.#isHead = isHead;
  }

  read(bytes: Uint8Array): ResponseRead {
    if (this.#hasHead) return { head: null, isEnd: this.#body(bytes), rest: NOTHING };
    const input = Buffer.concat([this.#input, bytes]);
    const end = headEnd(input, this.#input.length);
    this.#input = input;
    if (end < 0) return { head: null, isEnd: false, rest: NOTHING };
    this.#input = NOTHING;
    const head = readHead(input.subarray(0, end));
    const rest = input.subarray(end);
    if (head.status === 101) return { head, isEnd: true, rest };
    // An interim answer: the final one follows.
    if (head.status < 200) return this.read(rest);
    this.#hasHead = true;
    this.#isChunked = head.fields.get("transfer-encoding") === "chunked";
    const isEmpty = this.#isHead || head.status === 204 || head.status === 304;
    if (isEmpty) return { head, isEnd: true, rest: NOTHING };
    // Without a length, the body ends with the connection.
    const length = Number(head.fields.get("content-length") ?? Number.POSITIVE_INFINITY);
    this.#left = this.#isChunked ? 0 : length;
    return { head, isEnd: this.#body(rest), rest: NOTHING };
  }

  /** @returns whether the body ends in this piece */
  #body(bytes: Uint8Array): boolean {
    let at = 0;
    for (;;) {
      const taken = Math.min(this.#left, bytes.length - at);
      at += taken;
      this.#left -= taken;
      if (this.#left > 0) return false;
      if (!this.#isChunked || this.#isLastChunk) return true;
      const lineEnd = bytes.indexOf(LF, at);
      const line = bytes.subarray(at, lineEnd < 0 ? bytes.length : lineEnd + 1);
      this.#input = this.#input.length === 0 ? line.slice() : Buffer.concat([this.#input, line]);
      if (lineEnd < 0) return false;
      const size = Number.parseInt(Buffer.from(this.#input).toString("latin1"), 16);
      this.#input = NOTHING;
      at = lineEnd + 1;
      // Includes the line end after the data; workerd sends no trailers. With a malformed size, the body ends with the connection.
      this.#left = Number.isNaN(size) ? Number.POSITIVE_INFINITY : size + 2;
      this.#isLastChunk = size === 0;
    }
  }
}

function readHead(bytes: Uint8Array): ResponseHead {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
  const [first = "", ...lines] = text.split("\r\n");
  const fields = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(":");
    if (colon > 0) fields.set(line.slice(0, colon).toLowerCase(), trimmed(line, colon + 1));
  }
  return { status: Number(first.split(" ")[1]), fields };
}
