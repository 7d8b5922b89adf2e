/** One connection to the front: whole requests go to workerd, each bounded in size and time, until one becomes a WebSocket. */
import { Buffer } from "node:buffer";
import type { Duplex } from "node:stream";
import { AWAKE_MS } from "../../../objects/capacity/awake.ts";
import { REGISTERED_HEADER } from "../../../objects/interfaces/connect-answer.ts";
import { MeshError } from "../../../schema/errors.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { problemResponse } from "../../../worker/problem.ts";
import { networkOf } from "../../machine/net/admission/address.ts";
import { OVER_SHARE } from "../../machine/net/admission/address-share.ts";
import type { Entry } from "../../machine/net/admission/admission.ts";
import {
  clientOfRequest,
  type NamedClient,
  takeClient,
} from "../../machine/net/admission/client.ts";
import type { FailedAuth } from "../../machine/net/admission/failed-auth.ts";
import type { ConnectionStanding } from "../../machine/net/admission/networks.ts";
import { type Unread, UnreadPart } from "../../machine/net/admission/unread.ts";
import { ChunkReader } from "../../machine/net/http/chunks.ts";
import type { RequestHead } from "../../machine/net/http/head.ts";
import { HeadReader } from "../../machine/net/http/head-reader.ts";
import { ProxiedLink } from "./link.ts";
import { requestBytes } from "./requests.ts";
import { ResponseReader } from "./responses.ts";
import { type WakingPort, WokenObjects } from "./waking.ts";

/** The largest body that any route reads. */
const BODY_BYTES = LIMITS.SUBSCRIBE_BODY_BYTES;
const NOTHING = Buffer.alloc(0);

export interface ConnectionPort extends WakingPort {
  readonly entry: Entry;
  /** Of the listener, for HTTP/1.0 without Host. */
  readonly authority: string;
  /** What all connections hold of requests that have not come whole. */
  readonly unread: Unread;
  readonly failedAuth: FailedAuth;
  readonly clientOf: NamedClient;
  /** Opens a connection to workerd. */
  connect(): Duplex;
  now(): number;
  destroy(): void;
  /** Told of each request that workerd is not asked. @param code of schema/errors.ts */
  refused(code: string): void;
}

export class FrontConnection {
  readonly #client: Duplex;
  readonly #port: ConnectionPort;
  readonly #unread: UnreadPart;
  #inner: Duplex | null = null;
  #input: Buffer = NOTHING;
  readonly #heads = new HeadReader();
  #head: RequestHead | null = null;
  /** Of the request that is being read. */
  #headBytes: Buffer = NOTHING;
  #chunks: ChunkReader | null = null;
  /** Of the request that is being answered. */
  #response: ResponseReader | null = null;
  #asked: RequestHead | null = null;
  #work: ConnectionStanding = "asking";
  #isAnswered = false;
  #keepsAlive = true;
  #isEnding = false;
  /** The client sends no more. */
  #hasEnded = false;
  /** A request may have come that waits for its turn, or for its client to read. */
  #isWaiting = false;
  /** The client does not read what was written to it. */
  #isStuck = false;
  #link: ProxiedLink | null = null;
  readonly #woken: WokenObjects;
  readonly #expire = () => this.expire();
  readonly #takeTurn = () => this.#contain(() => this.#goOn());

  constructor(client: Duplex, port: ConnectionPort) {
    this.#client = client;
    this.#port = port;
    this.#unread = new UnreadPart(port.unread);
    this.#woken = new WokenObjects(port, () => this.#shed());
    client.on("data", (bytes) => this.#contain(() => this.#data(bytes as Buffer)));
    client.on("end", () => this.#clientEnded());
    client.on("drain", () => this.#drained());
  }

  /** The time for the request is over. */
  expire(): void {
    if (this.#input.length === 0 && this.#head === null) this.#port.destroy();
    else this.#refuse(new MeshError("request_timeout"));
  }

  /** The client is gone: frees workerd's side too. */
  closed(): void {
    this.#isEnding = true;
    this.#unread.hold(0);
    this.#inner?.destroy();
    this.#woken.linkEnded();
  }

  /** A fault of ours ends one connection, not the process that everybody's are in. */
  #contain(read: () => void): void {
    try {
      read();
    } catch (error) {
      this.#port.refused(`${error}`);
      this.#port.destroy();
    }
  }

  #data(bytes: Buffer): void {
    if (this.#link !== null) {
      this.#link.data(plain(bytes));
      return;
    }
    if (this.#isEnding) return;
    this.#input = this.#input.length === 0 ? bytes : Buffer.concat([this.#input, bytes]);
    if (this.#response === null && !this.#isWaiting) this.#advance();
    // What comes before its turn has to wait with the sender.
    const isEarly = this.#response !== null || this.#isWaiting;
    if (isEarly && this.#input.length > 0) this.#pipelines();
    if (isEarly && this.#input.length > LIMITS.HEAD_BYTES) this.#client.pause();
    this.#hold();
  }

  /** Whoever holds more where all together hold too much is refused: what has come whole by then is answered. */
  #hold(): void {
    const bytes = this.#isEnding ? 0 : this.#input.length + (this.#chunks?.bytes ?? 0);
    if (!this.#unread.hold(bytes) && this.#response === null)
      this.#refuse(new MeshError("overloaded"));
  }

  /** Half of a connection that waits for an answer may end. */
  #clientEnded(): void {
    this.#hasEnded = true;
    const isBetween = this.#response === null && !this.#isWaiting;
    if (isBetween || this.#link !== null) this.#port.destroy();
  }

  /**
   * Requests that come at once are served one a turn of the loop, and none to a client that does not read: thousands of them
   * would be one turn, in which nobody else is heard.
   */
  #wait(): void {
    this.#isWaiting = true;
    if (!this.#isStuck) setImmediate(this.#takeTurn);
  }

  #goOn(): void {
    this.#isWaiting = false;
    if (this.#isEnding) return;
    this.#advance();
    const isAsked = this.#response !== null;
    if (!isAsked && this.#hasEnded && !this.#isEnding) this.#end();
    // What is asked is small: the rest is read when it is wanted.
    if (!isAsked || this.#input.length <= LIMITS.HEAD_BYTES) this.#client.resume();
    this.#hold();
  }

  /** It has a while to read, and gives way to others meanwhile; a stream that it does not read is shed as a guest. */
  #stick(): void {
    this.#isStuck = true;
    this.#inner?.pause();
    const { entry, destroy } = this.#port;
    if (entry.standing === "guest") return;
    entry.become("idle");
    entry.expireIn(LIMITS.ANSWER_TIMEOUT_MS, destroy);
  }

  #drained(): void {
    if (!this.#isStuck) return;
    this.#isStuck = false;
    this.#inner?.resume();
    if (this.#isEnding) return;
    const { entry } = this.#port;
    if (this.#isWaiting) {
      entry.expireIn(LIMITS.KEEP_ALIVE_MS, this.#expire);
      setImmediate(this.#takeTurn);
    } else if (entry.standing !== "guest") entry.become(this.#work);
  }

  #advance(): void {
    if (this.#head === null && !this.#readHead()) return;
    const head = this.#head;
    if (head === null) return;
    const body = this.#readBody(head);
    if (body === null) return;
    this.#head = null;
    this.#chunks = null;
    const { entry, clientOf, authority, failedAuth } = this.#port;
    if (!takeClient(entry, clientOf, head)) {
      this.#refuse(new MeshError("mesh_full", OVER_SHARE));
      return;
    }
    this.#keepsAlive = head.keepsAlive || head.isUpgrade;
    this.#response = new ResponseReader(head.method === "HEAD");
    this.#asked = head;
    this.#isAnswered = false;
    this.#work = failedAuth.isVouched(head) ? "busy" : "asking";
    // Whoever asks for a WebSocket is nobody before workerd has opened it: a flood of them sheds its own.
    if (head.isUpgrade) entry.expireIn(LIMITS.HEAD_TIMEOUT_MS, this.#port.destroy);
    else entry.become(this.#work);
    if (this.#input.length > 0) this.#pipelines();
    this.#innerSocket().write(requestBytes(head, this.#headBytes, body, authority));
    this.#headBytes = NOTHING;
  }

  /** Of requests that come without end one is always being answered: that keeps nobody else out. */
  #pipelines(): void {
    if (this.#work !== "asking") return;
    this.#work = "idle";
    if (this.#port.entry.standing === "asking") this.#port.entry.become("idle");
  }

  #clientOf(head: RequestHead): string {
    const { clientOf, entry } = this.#port;
    return clientOfRequest(entry, clientOf, head);
  }

  #readHead(): boolean {
    if (this.#input.length === 0) return false;
    const { entry, failedAuth } = this.#port;
    if (this.#heads.isNew) entry.expireIn(LIMITS.HEAD_TIMEOUT_MS, this.#expire);
    const read = this.#heads.read(this.#input);
    if (read === null) return false;
    if (read instanceof MeshError) return this.#refuse(read);
    const { head, end } = read;
    const client = this.#clientOf(head);
    const refusal = failedAuth.refusalOf(client, head);
    if (refusal !== null) return this.#refuse(refusal);
    if ((head.length ?? 0) > BODY_BYTES) return this.#refuseBody();
    if (!this.#woken.admits(head, networkOf(client))) {
      const detail = "too many objects are awake for this address";
      return this.#refuse(new MeshError("mesh_full", detail, { retryAfterMs: AWAKE_MS }));
    }
    this.#headBytes = this.#input.subarray(0, end);
    this.#input = this.#input.subarray(end);
    this.#head = head;
    if (head.length === null) this.#chunks = new ChunkReader(BODY_BYTES);
    if (head.length !== 0) {
      entry.expireIn(LIMITS.BODY_TIMEOUT_MS, this.#expire);
      if (head.expectsContinue) this.#client.write("HTTP/1.1 100 Continue\r\n\r\n");
    }
    return true;
  }

  /** Another network has nothing at all. */
  #shed(): void {
    if (this.#link === null) this.#port.destroy();
    else this.#link.refuse("mesh_full");
  }

  /** Null where there is more to come. */
  #readBody({ length }: RequestHead): Uint8Array | null {
    if (this.#chunks !== null) return this.#readChunks(this.#chunks);
    const bytes = length ?? 0;
    if (this.#input.length < bytes) return null;
    const body = this.#input.subarray(0, bytes);
    this.#input = this.#input.subarray(bytes);
    return body;
  }

  #readChunks(chunks: ChunkReader): Uint8Array | null {
    const read = chunks.read(plain(this.#input));
    if (read === null) {
      this.#refuse(new MeshError("request_malformed", "a chunk of the body cannot be read"));
      return null;
    }
    if (chunks.isOver) {
      this.#refuseBody();
      return null;
    }
    this.#input = this.#input.subarray(read.used);
    return read.isEnd ? chunks.body : null;
  }

  #innerSocket(): Duplex {
    if (this.#inner !== null) return this.#inner;
    const inner = this.#port.connect();
    this.#inner = inner;
    inner.on("data", (bytes) => this.#contain(() => this.#answer(bytes as Buffer)));
    inner.on("error", () => {});
    inner.on("close", () => {
      if (this.#inner === inner && !this.#isEnding) this.#innerClosed();
    });
    return inner;
  }

  /** workerd ends what it will not go on with, or has ended itself. Between requests the next one opens another. */
  #innerClosed(): void {
    this.#inner = null;
    if (this.#link !== null || this.#isAnswered) {
      this.#client.end();
      this.#port.entry.closing();
    } else if (this.#response !== null) {
      this.#refuse(new MeshError("overloaded", "the mesh is starting"));
    }
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
    this.#isAnswered = true;
    const { head, isEnd, rest } = response.read(bytes);
    const { entry, failedAuth } = this.#port;
    if (head?.status === 101) {
      this.#client.write(bytes.subarray(0, bytes.length - rest.length));
      this.#openLink(head.fields.has(REGISTERED_HEADER), rest);
      return;
    }
    const asked = this.#asked;
    if (head !== null && asked !== null) {
      this.#woken.answered(head.status);
      failedAuth.answered(this.#clientOf(asked), asked, head.status);
    }
    if (head?.fields.get("content-type") === "text/event-stream") {
      entry.become("guest");
      entry.onShed = () => this.#port.destroy();
    }
    if (!this.#client.write(bytes)) this.#stick();
    if (isEnd) this.#next();
  }

  #openLink(isDevice: boolean, early: Uint8Array): void {
    const { entry, now, destroy, failedAuth } = this.#port;
    const asked = this.#asked as RequestHead;
    const inner = this.#inner as Duplex;
    const failed = () => failedAuth.failed(this.#clientOf(asked), asked);
    const opened = () => this.#woken.opened();
    const registered = () => this.#woken.registered();
    const link = new ProxiedLink(
      { client: this.#client, inner, entry, now, destroy, failed, opened, registered },
      isDevice,
    );
    this.#link = link;
    if (isDevice) registered();
    if (early.length > 0) link.answer(early);
    const input = this.#input;
    this.#input = NOTHING;
    this.#hold();
    this.#client.resume();
    if (input.length > 0) link.data(plain(input));
  }

  #next(): void {
    this.#response = null;
    this.#asked = null;
    this.#isAnswered = false;
    const hasMore = this.#input.length > 0;
    if (!this.#keepsAlive || (this.#hasEnded && !hasMore)) {
      this.#end();
      return;
    }
    const { entry, destroy } = this.#port;
    entry.become("idle");
    if (this.#isStuck) entry.expireIn(LIMITS.ANSWER_TIMEOUT_MS, destroy);
    else entry.expireIn(LIMITS.KEEP_ALIVE_MS, this.#expire);
    if (hasMore || this.#isStuck) this.#wait();
    else this.#client.resume();
    this.#hold();
  }

  #refuseBody(): false {
    return this.#refuse(new MeshError("body_too_large", `at most ${BODY_BYTES} bytes`));
  }

  /** @returns false, for its callers' use */
  #refuse(error: MeshError): false {
    this.#port.refused(error.code);
    this.#isEnding = true;
    this.#hold();
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
    this.#hold();
    this.#inner?.destroy();
    this.#client.resume();
    this.#client.end();
    this.#port.entry.closing();
  }
}

/** What the readers take: a Buffer's `slice` would be no copy, and unmasked where it is still to be passed on. */
const plain = ({ buffer, byteOffset, length }: Buffer): Uint8Array =>
  new Uint8Array(buffer, byteOffset, length);
