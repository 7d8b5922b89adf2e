/** One connection that speaks HTTP/1.1: requests in turn, each bounded in size and time, until one becomes a WebSocket. */
import { createHash } from "node:crypto";
import { MeshError } from "../../../schema/errors.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { problemResponse } from "../../../worker/problem.ts";
import { OVER_SHARE } from "../../machine/net/admission/address-share.ts";
import type { Entry } from "../../machine/net/admission/admission.ts";
import {
  clientOfRequest,
  type NamedClient,
  takeClient,
} from "../../machine/net/admission/client.ts";
import { type FailedAuth, isFailedAuth } from "../../machine/net/admission/failed-auth.ts";
import { type Unread, UnreadPart } from "../../machine/net/admission/unread.ts";
import { joined } from "../../machine/net/frames.ts";
import { ChunkReader } from "../../machine/net/http/chunks.ts";
import type { RequestHead } from "../../machine/net/http/head.ts";
import { HeadReader } from "../../machine/net/http/head-reader.ts";
import { answerBytes, headOf, JsonAnswer } from "./answer.ts";
import type { Pipeline } from "./pipeline.ts";
import { requestOf } from "./request.ts";
import { ServerSocket } from "./socket.ts";
import type { Transport, TransportHandler } from "./transport.ts";

/** RFC 6455 §1.3. */
const WEBSOCKET_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/** The largest body that any route reads, and one byte that tells a larger one. */
const BODY_BYTES = LIMITS.SUBSCRIBE_BODY_BYTES + 1;
/** While so much is unsent, an event stream is read no further, and no other request is served. */
const UNSENT_BYTES = 65_536;
const NOTHING = new Uint8Array();
const utf8 = new TextEncoder();
const CONTINUE = utf8.encode("HTTP/1.1 100 Continue\r\n\r\n");

export interface HttpPort {
  readonly scheme: "http" | "https";
  /** Of the listener, for HTTP/1.0 without Host. */
  readonly authority: string;
  handle(request: Request): Response | Promise<Response>;
  now(): number;
  /** What all connections hold of requests that have not come whole. */
  readonly unread: Unread;
  readonly failedAuth: FailedAuth;
  /** Where requests wait that came before their turn. */
  readonly pipeline: Pipeline;
  /** Told of each request that is refused before the edge has it. @param code of schema/errors.ts */
  refused(code: string): void;
}

/** The connections that requests came on which may become WebSockets. */
const upgrades = new WeakMap<
  Request,
  { readonly connection: HttpConnection; readonly head: RequestHead }
>();

/** The connection of a request that asks for a WebSocket. */
export function connectionOf(request: Request): HttpConnection {
  const upgrade = upgrades.get(request);
  if (upgrade === undefined) throw new MeshError("upgrade_required");
  return upgrade.connection;
}

export class HttpConnection implements TransportHandler {
  readonly entry: Entry;
  clientOf: NamedClient = null;
  readonly #transport: Transport;
  readonly #port: HttpPort;
  #input: Uint8Array = NOTHING;
  readonly #heads = new HeadReader();
  #head: RequestHead | null = null;
  #chunks: ChunkReader | null = null;
  readonly #unread: UnreadPart;
  #isBusy = false;
  /** A request may have come that waits for its turn, or for its client to read. */
  #isWaiting = false;
  #hasEnded = false;
  #isUpgraded = false;
  #resumeStream: (() => void) | null = null;
  readonly #expire = () => this.expire();
  readonly #takeTurn = () => this.#contain(() => this.#goOn());

  constructor(transport: Transport, port: HttpPort, entry: Entry) {
    this.#transport = transport;
    this.#port = port;
    this.#unread = new UnreadPart(port.unread);
    this.entry = entry;
  }

  /** Takes the connection over as a WebSocket. @param protocol null where none is to be named */
  accept(request: Request, protocol: string | null): ServerSocket {
    upgrades.delete(request);
    this.#isUpgraded = true;
    this.#hold(0);
    this.#transport.waitSmall();
    const key = request.headers.get("sec-websocket-key");
    const hash = createHash("sha1").update(`${key}${WEBSOCKET_GUID}`).digest("base64");
    const lines = [
      "HTTP/1.1 101 Switching Protocols",
      "connection: Upgrade",
      "upgrade: websocket",
      `sec-websocket-accept: ${hash}`,
      ...(protocol === null ? [] : [`sec-websocket-protocol: ${protocol}`]),
    ];
    this.#transport.write(utf8.encode(`${lines.join("\r\n")}\r\n\r\n`));
    const socket = new ServerSocket(this.#transport, {
      now: this.#port.now,
      closing: () => this.entry.closing(),
    });
    // Nobody waits for a WebSocket by a deadline; whoever serves it has its own.
    this.entry.become("guest");
    this.entry.onShed = () => socket.refuse("mesh_full");
    if (this.#input.length > 0) {
      const early = this.#input.slice();
      this.#input = NOTHING;
      // After whoever accepts has set its handlers.
      queueMicrotask(() => socket.data(early));
    }
    return socket;
  }

  /** Takes it over as a WebSocket that is closed at once: a browser cannot read a refused upgrade. */
  refuse(request: Request, protocol: string | null, { code, message }: MeshError): void {
    const head = upgrades.get(request)?.head;
    if (head !== undefined && isFailedAuth(code)) {
      this.#port.failedAuth.failed(this.#client(head), head);
    }
    this.accept(request, protocol).refuse(code, message);
  }

  data(bytes: Uint8Array): void {
    if (this.#hasEnded) return;
    // A request that comes whole is read where it is; only what is kept for later is copied.
    this.#input = this.#input.length === 0 ? bytes : joined([this.#input, bytes]);
    if (!this.#isBusy && !this.#isWaiting) this.#advance();
    else {
      this.#pipelines();
      // What comes before its turn has to wait with the sender.
      if (this.#input.length > LIMITS.HEAD_BYTES) this.#transport.pause();
    }
    if (this.#input.length === 0) this.#input = NOTHING;
    else if (this.#input.buffer === bytes.buffer) this.#input = this.#input.slice();
    this.#holdInput();
  }

  ended(): void {
    this.#hasEnded = true;
    this.#hold(0);
    this.#resumeStream?.();
    if (!this.#isBusy) this.#transport.destroy();
  }

  #holdInput(): void {
    this.#hold(this.#input.length + (this.#chunks?.bytes ?? 0));
  }

  /** Whoever holds more where all together hold too much is refused: what has come whole by then is answered. */
  #hold(bytes: number): void {
    if (!this.#unread.hold(bytes) && !this.#isBusy) this.#refuse(new MeshError("overloaded"));
  }

  drained(): void {
    this.#resumeStream?.();
    this.#resumeStream = null;
    if (this.#isWaiting) this.#port.pipeline.add(this.#takeTurn);
  }

  /** The time for the request is over, or for its client to read the answers before it. */
  expire(): void {
    const isBetween = this.#input.length === 0 && this.#head === null;
    if (isBetween || this.#isWaiting) this.#transport.destroy();
    else this.#refuse(new MeshError("request_timeout"));
  }

  /** A fault of ours ends one connection. */
  #contain(work: () => void): void {
    try {
      work();
    } catch {
      this.#transport.destroy();
    }
  }

  /**
   * Many requests that come at once are served one a turn, in the turns of all connections that wait: else thousands of them
   * are one, in which nobody else is heard. And none is served to a client that does not read, for its answers would be kept.
   */
  #wait(): void {
    this.#isWaiting = true;
    if (this.#transport.unsentBytes <= UNSENT_BYTES) this.#port.pipeline.add(this.#takeTurn);
  }

  #goOn(): void {
    this.#isWaiting = false;
    if (this.#hasEnded) return;
    this.#advance();
    if (!this.#isBusy && !this.#isWaiting) this.#transport.resume();
    this.#holdInput();
  }

  #advance(): void {
    if (this.#transport.unsentBytes > UNSENT_BYTES) {
      this.#wait();
      return;
    }
    if (this.#head === null && !this.#readHead()) return;
    const head = this.#head;
    if (head === null) return;
    const body = this.#readBody(head);
    if (body === null) return;
    this.#head = null;
    this.#chunks = null;
    this.#isBusy = true;
    this.entry.become(this.#port.failedAuth.isVouched(head) ? "busy" : "asking");
    if (this.#input.length > 0) this.#pipelines();
    void this.#serve(head, body);
  }

  #readHead(): boolean {
    if (this.#input.length === 0) return false;
    if (this.#heads.isNew) this.entry.expireIn(LIMITS.HEAD_TIMEOUT_MS, this.#expire);
    const read = this.#heads.read(this.#input);
    if (read === null) return false;
    if (read instanceof MeshError) return this.#refuse(read);
    const { head, end } = read;
    const refusal = this.#port.failedAuth.refusalOf(this.#client(head), head);
    if (refusal !== null) return this.#refuse(refusal);
    this.#input = this.#input.subarray(end);
    this.#head = head;
    if (head.length === null) this.#chunks = new ChunkReader(BODY_BYTES - 1);
    if (head.length !== 0) {
      this.entry.expireIn(LIMITS.BODY_TIMEOUT_MS, this.#expire);
      const isRead = head.length === null || head.length < BODY_BYTES;
      if (head.expectsContinue && isRead) this.#transport.write(CONTINUE);
    }
    return true;
  }

  /** Null where there is more to come. What is over the bound of all routes is not read: the route refuses it by its length. */
  #readBody(head: RequestHead): Uint8Array<ArrayBuffer> | null {
    if (this.#chunks !== null) return this.#readChunks(this.#chunks);
    const length = head.length ?? 0;
    if (length >= BODY_BYTES) {
      this.#hasEnded = true;
      return new Uint8Array();
    }
    if (this.#input.length < length) return null;
    const body = this.#input.slice(0, length);
    this.#input = this.#input.subarray(length);
    return body;
  }

  #readChunks(chunks: ChunkReader): Uint8Array<ArrayBuffer> | null {
    const read = chunks.read(this.#input);
    if (read === null) {
      this.#refuse(new MeshError("request_malformed", "a chunk of the body cannot be read"));
      return null;
    }
    this.#input = this.#input.slice(read.used);
    if (!read.isEnd) return null;
    if (!chunks.isOver) return chunks.body.slice();
    // The route is told a body that is over its bound, and counts no further.
    this.#hasEnded = true;
    return new Uint8Array(BODY_BYTES);
  }

  async #serve(head: RequestHead, body: Uint8Array<ArrayBuffer>): Promise<void> {
    let response: Response;
    try {
      const request = this.#request(head, body);
      if (!takeClient(this.entry, this.clientOf, head))
        throw new MeshError("mesh_full", OVER_SHARE);
      if (head.isUpgrade) upgrades.set(request, { connection: this, head });
      response = await this.#port.handle(request);
    } catch (error) {
      // Whatever fails in a route is answered there; this is a share that is used up, or a URL or a header that Fetch does not take.
      const isRefused = error instanceof MeshError;
      const malformed = new MeshError("request_malformed", "the URL or a header is wrong");
      if (!isRefused) this.#port.refused(malformed.code);
      response = problemResponse(isRefused ? error : malformed);
    }
    if (this.#isUpgraded) return;
    this.#port.failedAuth.answered(this.#client(head), head, response.status);
    try {
      if (response instanceof JsonAnswer) this.#write(head, response);
      else await this.#answer(head, response);
    } catch {
      // Whoever writes it is told that nobody reads it; one that is being read was told.
      if (response.body?.locked === false) void response.body.cancel().catch(() => {});
      this.#transport.destroy();
    }
  }

  /** Of requests that come without end one is always being answered: that keeps nobody else out. */
  #pipelines(): void {
    if (this.entry.standing === "asking") this.entry.become("idle");
  }

  #client(head: RequestHead): string {
    return clientOfRequest(this.entry, this.clientOf, head);
  }

  #request(head: RequestHead, body: Uint8Array<ArrayBuffer>): Request {
    const { method, fields, target, host } = head;
    const url = `${this.#port.scheme}://${host || this.#port.authority}${target}`;
    return requestOf(method, url, fields, body);
  }

  #write(head: RequestHead, answer: JsonAnswer): void {
    const keepsAlive = head.keepsAlive && !this.#hasEnded;
    const { isCurrent, method } = head;
    this.#transport.write(answerBytes(answer, { isCurrent, keepsAlive }, method === "HEAD"));
    this.#next(keepsAlive);
  }

  async #answer(head: RequestHead, response: Response): Promise<void> {
    const isStream = response.headers.get("content-type") === "text/event-stream";
    const keepsAlive = head.keepsAlive && !this.#hasEnded && !(isStream && !head.isCurrent);
    const bytes = isStream ? null : new Uint8Array(await response.arrayBuffer());
    const { isCurrent } = head;
    const top = headOf(response, { isCurrent, keepsAlive, bytes: bytes?.length ?? null });
    if (bytes === null) {
      this.#transport.write(top);
      if (head.method === "HEAD") await response.body?.cancel();
      else await this.#stream(response, head.isCurrent);
    } else {
      this.#transport.write(head.method === "HEAD" ? top : joined([top, bytes]));
    }
    this.#next(keepsAlive);
  }

  /** Writes no faster than the client reads: what it does not read stays with whoever writes the stream, who counts it. */
  async #stream(response: Response, isChunked: boolean): Promise<void> {
    const reader = response.body?.getReader();
    if (reader === undefined) return;
    // A listener, as those on sockets are.
    this.entry.become("guest");
    this.entry.onShed = () => this.#transport.destroy();
    for (;;) {
      const { value, done } = await this.#orEnd(reader.read());
      if (done || this.#hasEnded) break;
      this.#transport.write(isChunked ? chunk(value) : value);
      while (this.#transport.unsentBytes > UNSENT_BYTES && !this.#hasEnded) {
        await new Promise<void>((resolve) => (this.#resumeStream = resolve));
      }
    }
    if (this.#hasEnded) await reader.cancel();
    else if (isChunked) this.#transport.write(utf8.encode("0\r\n\r\n"));
  }

  /** What is read, or the end of the client. */
  #orEnd<T>(read: Promise<ReadableStreamReadResult<T>>): Promise<ReadableStreamReadResult<T>> {
    if (this.#hasEnded) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve, reject) => {
      this.#resumeStream = () => {
        if (this.#hasEnded) resolve({ done: true, value: undefined });
      };
      read.then(resolve, reject);
    });
  }

  #next(keepsAlive: boolean): void {
    this.#isBusy = false;
    if (!keepsAlive || this.#hasEnded) {
      this.#close();
      return;
    }
    this.entry.become("idle");
    this.entry.expireIn(LIMITS.KEEP_ALIVE_MS, this.#expire);
    if (this.#input.length > 0) this.#wait();
    else this.#transport.resume();
    this.#holdInput();
  }

  /** @returns false, for its callers' use */
  #refuse(error: MeshError): false {
    this.#port.refused(error.code);
    this.#hasEnded = true;
    this.#isBusy = true;
    const head = { method: "GET", isCurrent: true, keepsAlive: false } as RequestHead;
    void this.#answer(head, problemResponse(error));
    return false;
  }

  /** The answer is to arrive although its client still sends. */
  #close(): void {
    this.#hasEnded = true;
    this.#input = NOTHING;
    this.#hold(0);
    this.#transport.end();
    this.entry.closing();
  }
}

function chunk(bytes: Uint8Array): Uint8Array {
  const head = utf8.encode(`${bytes.length.toString(16)}\r\n`);
  return joined([head, bytes, utf8.encode("\r\n")]);
}
