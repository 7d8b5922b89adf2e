/** One connection to the front: whole requests go to workerd, each bounded in size and time, until one becomes a WebSocket. */
import { Buffer } from "node:buffer";
import { connect, type Socket } from "node:net";
import { REGISTERED_HEADER } from "../../../objects/interfaces/connect-answer.ts";
import { MeshError } from "../../../schema/errors.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { problemResponse } from "../../../worker/problem.ts";
import type { Entry } from "../../machine/net/admission.ts";
import { ChunkReader } from "../../machine/net/chunks.ts";
import type { RequestHead } from "../../machine/net/head.ts";
import { HeadReader } from "../../machine/net/head-reader.ts";
import { Link } from "./link.ts";
import { ResponseReader } from "./responses.ts";
import { AWAKE_MS, isConnect, type Strangers } from "./strangers.ts";

/** The largest body that any route reads. */
const BODY_BYTES = LIMITS.SUBSCRIBE_BODY_BYTES;
/** `Expect` is answered here, so that workerd waits for no body; and a compressed message has no bound before it is read whole. */
const KEPT_BACK = /\r\n(?:expect|sec-websocket-extensions):[^\r\n]*/gi;
const NOTHING = Buffer.alloc(0);

export interface ConnectionPort {
  /** Path of workerd's socket. */
  readonly path: string;
  readonly entry: Entry;
  readonly strangers: Strangers;
  now(): number;
  destroy(): void;
}

export class FrontConnection {
  readonly #client: Socket;
  readonly #port: ConnectionPort;
  #inner: Socket | null = null;
  #input: Buffer = NOTHING;
  readonly #heads = new HeadReader();
  #head: RequestHead | null = null;
  /** Of the request that is being read. */
  #headBytes: Buffer = NOTHING;
  #chunks: ChunkReader | null = null;
  #chunkBytes: Buffer[] = [];
  /** Of the request that is being answered. */
  #response: ResponseReader | null = null;
  #keepsAlive = true;
  #isEnding = false;
  #link: Link | null = null;
  /** The last request was for the link of a device. */
  #isConnect = false;
  readonly #expire = () => this.expire();

  constructor(client: Socket, port: ConnectionPort) {
    this.#client = client;
    this.#port = port;
    client.on("data", (bytes) => this.#data(bytes as Buffer));
    client.on("end", () => this.#clientEnded());
  }

  /** The time for the request is over. */
  expire(): void {
    if (this.#input.length === 0 && this.#head === null) this.#port.destroy();
    else this.#refuse(new MeshError("request_timeout"));
  }

  /** Whether it became the link of a device that registered nothing. */
  get isGuestLink(): boolean {
    return this.#link !== null && !this.#link.isDevice && this.#isConnect;
  }

  /** Frees workerd's side too. */
  destroyInner(): void {
    this.#inner?.destroy();
  }

  #data(bytes: Buffer): void {
    if (this.#link !== null) {
      this.#link.data(plain(bytes));
      return;
    }
    if (this.#isEnding) return;
    this.#input = this.#input.length === 0 ? bytes : Buffer.concat([this.#input, bytes]);
    if (this.#response === null) this.#advance();
    // What comes before its turn has to wait with the sender.
    else if (this.#input.length > LIMITS.HEAD_BYTES) this.#client.pause();
  }

  /** Half of a connection that waits for an answer may end. */
  #clientEnded(): void {
    if (this.#response === null || this.#link !== null) this.#port.destroy();
    else this.#keepsAlive = false;
  }

  #advance(): void {
    if (this.#head === null && !this.#readHead()) return;
    const head = this.#head;
    if (head === null) return;
    const body = this.#readBody(head);
    if (body === null) return;
    this.#head = null;
    this.#chunks = null;
    this.#chunkBytes = [];
    this.#keepsAlive = head.keepsAlive || head.isUpgrade;
    this.#response = new ResponseReader(head.method === "HEAD");
    // Whoever asks for a WebSocket is nobody before workerd has opened it: a flood of them sheds its own.
    if (head.isUpgrade) this.#port.entry.expireIn(LIMITS.HEAD_TIMEOUT_MS, this.#port.destroy);
    else this.#port.entry.become("busy");
    this.#innerSocket().write(
      body.length === 0 ? this.#headBytes : Buffer.concat([this.#headBytes, body]),
    );
    this.#headBytes = NOTHING;
  }

  #readHead(): boolean {
    if (this.#input.length === 0) return false;
    const { entry } = this.#port;
    if (this.#heads.isNew) entry.expireIn(LIMITS.HEAD_TIMEOUT_MS, this.#expire);
    const read = this.#heads.read(this.#input);
    if (read === null) return false;
    if (read instanceof MeshError) return this.#refuse(read);
    const { head, end } = read;
    const bytes = this.#input.subarray(0, end);
    if ((head.length ?? 0) > BODY_BYTES) return this.#refuseBody();
    if (!this.#port.strangers.admits(head, entry.address)) {
      const detail = "too many ask who have registered nothing";
      return this.#refuse(new MeshError("mesh_full", detail, { retryAfterMs: AWAKE_MS }));
    }
    this.#input = this.#input.subarray(end);
    this.#head = head;
    this.#isConnect = isConnect(head.target);
    this.#headBytes =
      head.expectsContinue || head.fields.has("sec-websocket-extensions")
        ? Buffer.from(bytes.toString("latin1").replace(KEPT_BACK, ""), "latin1")
        : bytes;
    if (head.length === null) this.#chunks = new ChunkReader(BODY_BYTES);
    if (head.length !== 0) {
      entry.expireIn(LIMITS.BODY_TIMEOUT_MS, this.#expire);
      if (head.expectsContinue) this.#client.write("HTTP/1.1 100 Continue\r\n\r\n");
    }
    return true;
  }

  /** As it came; null where there is more to come. */
  #readBody({ length }: RequestHead): Buffer | null {
    if (this.#chunks !== null) return this.#readChunks(this.#chunks);
    const bytes = length ?? 0;
    if (this.#input.length < bytes) return null;
    const body = this.#input.subarray(0, bytes);
    this.#input = this.#input.subarray(bytes);
    return body;
  }

  #readChunks(chunks: ChunkReader): Buffer | null {
    const read = chunks.read(plain(this.#input));
    if (read === null) {
      this.#refuse(new MeshError("request_malformed", "a chunk of the body cannot be read"));
      return null;
    }
    if (chunks.isOver) {
      this.#refuseBody();
      return null;
    }
    this.#chunkBytes.push(this.#input.subarray(0, read.used));
    this.#input = this.#input.subarray(read.used);
    return read.isEnd ? Buffer.concat(this.#chunkBytes) : null;
  }

  #innerSocket(): Socket {
    if (this.#inner !== null) return this.#inner;
    const inner = connect({ path: this.#port.path });
    this.#inner = inner;
    inner.on("data", (bytes) => this.#answer(bytes as Buffer));
    inner.on("error", () => {});
    // workerd ends what it will not go on with, or has ended itself: a client comes back by a new connection.
    inner.on("close", () => {
      if (!this.#isEnding) this.#innerClosed(inner);
    });
    return inner;
  }

  #innerClosed(inner: Socket): void {
    if (this.#link !== null || this.#response === null || inner.bytesRead > 0) {
      this.#client.end();
      this.#port.entry.closing();
    } else this.#refuse(new MeshError("overloaded", "the mesh is starting"));
  }

  #answer(bytes: Buffer): void {
    if (this.#link !== null) {
      this.#link.answer(bytes);
      return;
    }
    if (this.#isEnding) return;
    const response = this.#response;
    if (response === null) {
      this.#port.destroy();
      return;
    }
    const { head, isEnd, rest } = response.read(bytes);
    const { entry } = this.#port;
    if (head?.status === 101) {
      this.#client.write(bytes.subarray(0, bytes.length - rest.length));
      this.#openLink(head.fields.has(REGISTERED_HEADER), rest);
      return;
    }
    if (head?.fields.get("content-type") === "text/event-stream") {
      entry.become("guest");
      entry.onShed = () => this.#port.destroy();
    }
    if (!this.#client.write(bytes)) {
      const inner = this.#inner;
      inner?.pause();
      this.#client.once("drain", () => inner?.resume());
    }
    if (isEnd) this.#next();
  }

  #openLink(isDevice: boolean, early: Uint8Array): void {
    const { entry, now, destroy } = this.#port;
    const port = { client: this.#client, inner: this.#inner as Socket, entry, now, destroy };
    const link = new Link(port, isDevice);
    this.#link = link;
    if (early.length > 0) link.answer(early);
    const input = this.#input;
    this.#input = NOTHING;
    this.#client.resume();
    if (input.length > 0) link.data(plain(input));
  }

  #next(): void {
    this.#response = null;
    if (!this.#keepsAlive) {
      this.#end();
      return;
    }
    const { entry } = this.#port;
    entry.become("idle");
    entry.expireIn(LIMITS.KEEP_ALIVE_MS, this.#expire);
    this.#client.resume();
    this.#advance();
  }

  #refuseBody(): false {
    return this.#refuse(new MeshError("body_too_large", `at most ${BODY_BYTES} bytes`));
  }

  /** @returns false, for its callers' use */
  #refuse(error: MeshError): false {
    this.#isEnding = true;
    const response = problemResponse(error);
    void response.text().then((text) => {
      let head = `HTTP/1.1 ${response.status} \r\nconnection: close\r\n`;
      response.headers.forEach((value, name) => {
        head += `${name}: ${value}\r\n`;
      });
      this.#client.write(`${head}content-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
      this.#end();
    });
    return false;
  }

  /** The answer is to arrive although its client still sends. */
  #end(): void {
    this.#isEnding = true;
    this.#input = NOTHING;
    this.#inner?.destroy();
    this.#client.resume();
    this.#client.end();
    this.#port.entry.closing();
  }
}

/** What the readers take: a Buffer's `slice` would be no copy, and unmasked where it is still to be passed on. */
const plain = ({ buffer, byteOffset, length }: Buffer): Uint8Array =>
  new Uint8Array(buffer, byteOffset, length);
