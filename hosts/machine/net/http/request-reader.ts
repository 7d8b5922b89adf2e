/** Reads the requests of one HTTP/1.1 connection, each bounded in size and time. */
import { MeshError } from "../../../../schema/errors.ts";
import { LIMITS } from "../../../../schema/limits.ts";
import { bodyTooLarge } from "../../../../worker/request/body.ts";
import type { Entry } from "../admission/admission.ts";
import { type Unread, UnreadPart } from "../admission/unread.ts";
import { joined } from "../frames.ts";
import { bodyBound } from "./body-bound.ts";
import { ChunkReader } from "./chunks.ts";
import type { RequestHead } from "./head.ts";
import { HeadReader } from "./head-reader.ts";

const NOTHING = new Uint8Array();
const CONTINUE = new TextEncoder().encode("HTTP/1.1 100 Continue\r\n\r\n");

/** A complete request. Its bytes are valid until the next call of the reader. */
export interface ReceivedRequest {
  readonly head: RequestHead;
  /** The head as it arrived, including the empty line. */
  readonly headBytes: Uint8Array;
  readonly body: Uint8Array<ArrayBuffer>;
}

interface RequestReaderOptions {
  readonly entry: Entry;
  readonly unread: Unread;
  /** Called if a head or a body is late. */
  readonly expire: () => void;
  /** Decides by the head alone: null admits the request. */
  readonly refusalOf: (head: RequestHead) => MeshError | null;
  /** Whether the request names a key that has succeeded before. Asked only if its body has not come whole. */
  readonly isKnown: (head: RequestHead) => boolean;
  /** Writes to the client. */
  readonly write: (bytes: Uint8Array) => void;
}

export class RequestReader {
  readonly #options: RequestReaderOptions;
  readonly #heads = new HeadReader();
  readonly #unread: UnreadPart;
  #input: Uint8Array<ArrayBuffer> = NOTHING;
  /** The head whose body is being read. */
  #head: RequestHead | null = null;
  #headBytes: Uint8Array = NOTHING;
  #chunks: ChunkReader | null = null;

  constructor(options: RequestReaderOptions) {
    this.#options = options;
    this.#unread = new UnreadPart(options.unread);
  }

  /** Whether no part of a request has arrived. */
  get isBetween(): boolean {
    return this.#input.length === 0 && this.#head === null;
  }

  /** Bytes received after the last request that `next` returned. */
  get inputBytes(): number {
    return this.#input.length;
  }

  /** Takes in bytes without copying them: if their buffer will be reused, call `keep` before that. */
  push(bytes: Uint8Array<ArrayBuffer>): void {
    this.#input = this.#input.length === 0 ? bytes : joined([this.#input, bytes]);
  }

  /** Copies the part of a buffer that is still needed. A request that arrives in one piece is never copied. */
  keep({ buffer }: Uint8Array): void {
    if (this.#input.length === 0) this.#input = NOTHING;
    else if (this.#input.buffer === buffer) this.#input = this.#input.slice();
    if (this.#headBytes.buffer === buffer) this.#headBytes = this.#headBytes.slice();
  }

  /**
   * Counts the bytes held against the limit of all connections.
   *
   * @returns false if this connection has grown beyond it: its request is the one to refuse
   */
  hold(): boolean {
    return this.#unread.hold(this.#input.length + (this.#chunks?.bytes ?? 0));
  }

  /** Forgets everything received, and returns what follows the last request. */
  drop(): Uint8Array<ArrayBuffer> {
    const input = this.#input;
    this.#input = NOTHING;
    this.#head = null;
    this.#headBytes = NOTHING;
    this.#chunks = null;
    this.#unread.hold(0);
    this.#unread.isKnown = false;
    return input;
  }

  /** @returns the next request, why it is refused, or null until all of it has arrived */
  next(): ReceivedRequest | MeshError | null {
    if (this.#head === null) {
      const refusal = this.#readHead();
      if (refusal !== null) return refusal;
    }
    const head = this.#head;
    if (head === null) return null;
    const body = this.#readBody(head);
    if (body === null || body instanceof MeshError) return body;
    const headBytes = this.#headBytes;
    this.#head = null;
    this.#headBytes = NOTHING;
    this.#chunks = null;
    this.#unread.isKnown = false;
    return { head, headBytes, body };
  }

  /** @returns why the request is refused; null if its head is read, or has not arrived yet */
  #readHead(): MeshError | null {
    if (this.#input.length === 0) return null;
    const { entry, expire, refusalOf, isKnown, write } = this.#options;
    if (this.#heads.isNew) entry.expireIn(LIMITS.HEAD_TIMEOUT_MS, expire);
    const read = this.#heads.read(this.#input);
    if (read === null || read instanceof MeshError) return read;
    const { head, end } = read;
    const bound = bodyBound(head.target);
    if ((head.length ?? 0) > bound) return bodyTooLarge(bound);
    const refusal = refusalOf(head);
    if (refusal !== null) return refusal;
    this.#headBytes = this.#input.subarray(0, end);
    this.#input = this.#input.subarray(end);
    this.#head = head;
    if (head.length === null) this.#chunks = new ChunkReader(bound);
    if (head.length === null || head.length > this.#input.length)
      this.#unread.isKnown = isKnown(head);
    if (head.length !== 0) {
      entry.expireIn(LIMITS.BODY_TIMEOUT_MS, expire);
      if (head.expectsContinue) write(CONTINUE);
    }
    return null;
  }

  #readBody({ length }: RequestHead): Uint8Array<ArrayBuffer> | MeshError | null {
    if (this.#chunks !== null) return this.#readChunks(this.#chunks);
    const bytes = length ?? 0;
    if (this.#input.length < bytes) return null;
    const body = this.#input.subarray(0, bytes);
    this.#input = this.#input.subarray(bytes);
    return body;
  }

  #readChunks(chunks: ChunkReader): Uint8Array<ArrayBuffer> | MeshError | null {
    const read = chunks.read(this.#input);
    if (read === null)
      return new MeshError("request_malformed", "a chunk of the body cannot be read");
    if (chunks.isOver) return bodyTooLarge(chunks.bound);
    this.#input = this.#input.subarray(read.used);
    return read.isEnd ? chunks.body : null;
  }
}
