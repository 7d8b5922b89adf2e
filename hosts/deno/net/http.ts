/** One connection that speaks HTTP/1.1, until one of its requests makes it a WebSocket. */
import { createHash } from "node:crypto";
import { MeshError } from "../../../schema/errors.ts";
import { problemResponse } from "../../../worker/problem.ts";
import type { Entry } from "../../machine/net/admission/admission.ts";
import type { NamedClient } from "../../machine/net/admission/client.ts";
import { type FailedAuth, isFailedAuth } from "../../machine/net/admission/failed-auth.ts";
import type { RequestBudgets } from "../../machine/net/admission/request-budgets.ts";
import type { Unread } from "../../machine/net/admission/unread.ts";
import { joined } from "../../machine/net/frames.ts";
import { headOf } from "../../machine/net/http/answer-head.ts";
import type { RequestHead } from "../../machine/net/http/head.ts";
import { mayBeRecorded } from "../../machine/net/http/recorded.ts";
import {
  type ConnectionPort,
  RequestLoop,
  UNSENT_BYTES,
} from "../../machine/net/http/request-loop.ts";
import type { ReceivedRequest } from "../../machine/net/http/request-reader.ts";
import { WEIGHTS, type WorkKind } from "../work-slices.ts";
import { answerBytes, JsonAnswer } from "./answer.ts";
import { setClient } from "./client-address.ts";
import type { Pipeline } from "./pipeline.ts";
import { requestOf } from "./request.ts";
import { ServerSocket } from "./socket.ts";
import type { Transport, TransportHandler } from "./transport.ts";

/** RFC 6455 §1.3. */
const WEBSOCKET_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const REFUSED_STATUS = 400;
const SWITCHING = 101;
const utf8 = new TextEncoder();

export interface HttpPort {
  readonly scheme: "http" | "https";
  /** Of the listener, for HTTP/1.0 without Host. */
  readonly authority: string;
  handle(request: Request): Response | Promise<Response>;
  now(): number;
  /** What all connections hold of incomplete requests. */
  readonly unread: Unread;
  readonly failedAuth: FailedAuth;
  readonly budgets: RequestBudgets;
  /** Where requests wait that arrived before their turn. */
  readonly pipeline: Pipeline;
  /** See `WorkSlices.enter`. */
  enterSlice(kind: WorkKind, who: string, weight: number): Promise<void>;
  /** Called for each request that is refused before it reaches the edge. @param kind see `ConnectionPort` */
  refused(kind: string): void;
}

/** The connections of requests that may become WebSockets. */
const upgrades = new WeakMap<
  Request,
  { readonly connection: HttpConnection; readonly head: RequestHead }
>();

/** The connection of a request that asks for a WebSocket. @throws MeshError `upgrade_required` for any other request */
export function connectionOf(request: Request): HttpConnection {
  const upgrade = upgrades.get(request);
  if (upgrade === undefined) throw new MeshError("upgrade_required");
  return upgrade.connection;
}

export class HttpConnection implements TransportHandler, ConnectionPort {
  readonly entry: Entry;
  readonly clientOf: NamedClient;
  /** The device whose link it is, while that has a registration. Asked only when the link has used up its share. */
  registeredDevice: () => string | null = () => null;
  readonly #transport: Transport;
  readonly #port: HttpPort;
  readonly #loop: RequestLoop;
  #isUpgraded = false;
  /** The last request was refused. */
  #isRefused = false;
  #resumeStream: (() => void) | null = null;

  constructor(transport: Transport, port: HttpPort, entry: Entry, clientOf: NamedClient = null) {
    this.#transport = transport;
    this.#port = port;
    this.entry = entry;
    this.clientOf = clientOf;
    this.#loop = new RequestLoop(this);
  }

  get unread(): Unread {
    return this.#port.unread;
  }

  get failedAuth(): FailedAuth {
    return this.#port.failedAuth;
  }

  get budgets(): RequestBudgets {
    return this.#port.budgets;
  }

  get isStuck(): boolean {
    return this.#transport.unsentBytes > UNSENT_BYTES;
  }

  /** Makes the connection a WebSocket. @param protocol the subprotocol to name; null for none */
  accept(request: Request, protocol: string | null): ServerSocket {
    upgrades.delete(request);
    this.#isUpgraded = true;
    const early = this.#loop.takeOver().slice();
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
    const { now } = this.#port;
    const frameTurn = () => this.#frameTurn();
    const owner = { now, frameTurn, closing: () => this.entry.closing() };
    const socket = new ServerSocket(this.#transport, owner, early);
    // A WebSocket has no deadline here: its owner has its own.
    this.entry.become("guest");
    this.entry.onShed = () => socket.refuse("mesh_full");
    if (this.#loop.hasEnded) {
      // Nobody tells the socket later. One that its owner closes at once has a second, in which the client can read why.
      queueMicrotask(() => {
        if (socket.isOpen) socket.ended();
      });
    }
    return socket;
  }

  /** The same for an app server whose key is verified: its connection is not shed, and its frames wait for no turn. */
  acceptSender(request: Request, protocol: string): ServerSocket {
    const head = upgrades.get(request)?.head;
    const socket = this.accept(request, protocol);
    if (head !== undefined) this.failedAuth.answered(this.#loop.clientOf(head), head, SWITCHING);
    this.#transport.expectLarge();
    socket.takesTurns = false;
    this.entry.become("busy");
    return socket;
  }

  /** Makes it a WebSocket that is closed at once: a browser cannot read a refused upgrade. */
  refuse(request: Request, protocol: string | null, { code, message }: MeshError): void {
    const head = upgrades.get(request)?.head;
    if (head !== undefined && isFailedAuth(code)) {
      this.failedAuth.failed(this.#loop.clientOf(head), head);
    }
    this.accept(request, protocol).refuse(code, message);
  }

  data(bytes: Uint8Array<ArrayBuffer>): void {
    this.#loop.data(bytes);
  }

  ended(): void {
    if (this.#transport.isClosed) this.#loop.gone();
    else this.#loop.ended();
    this.#resumeStream?.();
  }

  drained(): void {
    this.#resumeStream?.();
    this.#resumeStream = null;
    this.#loop.drained();
  }

  expire(): void {
    this.#loop.expire();
  }

  refusalOf(): null {
    return null;
  }

  write(bytes: Uint8Array): void {
    this.#transport.write(bytes);
  }

  end(): void {
    this.#transport.end();
  }

  readonly destroy = (): void => this.#transport.destroy();

  pause(): void {
    this.#transport.pause();
  }

  resume(): void {
    this.#transport.resume();
  }

  nextTurn(task: () => void): void {
    if (this.#isRefused) void this.#strangersTurn(WEIGHTS.refused).then(task);
    else this.#port.pipeline.add(task);
  }

  refused(kind: string): void {
    this.#isRefused = true;
    this.#port.refused(kind);
  }

  serve({ head, body }: ReceivedRequest): void {
    void this.#serve(head, body.slice());
  }

  #frameTurn(): Promise<void> {
    const device = this.registeredDevice();
    if (device === null) return this.#strangersTurn(WEIGHTS.frames);
    return this.#port.enterSlice("frames", device, WEIGHTS.frames);
  }

  /** By network: whoever opens many connections has no more turns for it. */
  #strangersTurn(weight: number): Promise<void> {
    return this.#port.enterSlice("strangers", this.entry.address, weight);
  }

  async #serve(head: RequestHead, body: Uint8Array<ArrayBuffer>): Promise<void> {
    let response: Response;
    try {
      const request = this.#request(head, body);
      if (head.isUpgrade) upgrades.set(request, { connection: this, head });
      response = await this.#port.handle(request);
    } catch {
      // Routes answer their own errors: this is a URL or a header that Fetch does not accept.
      const malformed = new MeshError("request_malformed", "the URL or a header is wrong");
      this.#port.refused(malformed.code);
      response = problemResponse(malformed);
    }
    if (this.#isUpgraded) return;
    this.#isRefused = response.status >= REFUSED_STATUS;
    this.failedAuth.answered(this.#loop.clientOf(head), head, response.status);
    try {
      if (response instanceof JsonAnswer) this.#write(head, response);
      else await this.#answer(head, response);
    } catch {
      // Cancels a body that nobody reads; one that is being read is cancelled by its reader.
      if (response.body?.locked === false) void response.body.cancel().catch(() => {});
      this.#transport.destroy();
    }
  }

  #request(head: RequestHead, body: Uint8Array<ArrayBuffer>): Request {
    const { method, fields, target, host } = head;
    const url = `${this.#port.scheme}://${host || this.#port.authority}${target}`;
    const request = requestOf(method, url, fields, body);
    if (mayBeRecorded(head)) {
      const isEncrypted = this.#loop.isEncrypted(head, this.#port.scheme === "https");
      setClient(request, { address: this.#loop.clientOf(head), isEncrypted });
    }
    return request;
  }

  #write(head: RequestHead, answer: JsonAnswer): void {
    const keepsAlive = this.#loop.keepsAlive(head);
    const { isCurrent, method } = head;
    this.#transport.write(answerBytes(answer, { isCurrent, keepsAlive }, method === "HEAD"));
    this.#loop.next(keepsAlive);
  }

  async #answer(head: RequestHead, response: Response): Promise<void> {
    const length = response.headers.get("content-length");
    if (length !== null) {
      await this.#file(head, response, Number(length));
      return;
    }
    const isStream = response.headers.get("content-type") === "text/event-stream";
    const bytes = isStream ? null : new Uint8Array(await response.arrayBuffer());
    const { isCurrent } = head;
    const keepsAlive = this.#loop.keepsAlive(head) && (isCurrent || !isStream);
    const top = headOf(response, { isCurrent, keepsAlive, bytes: bytes?.length ?? null });
    if (bytes === null) {
      this.#transport.write(top);
      if (head.method === "HEAD") await response.body?.cancel();
      else await this.#stream(response, isCurrent);
    } else {
      this.#transport.write(head.method === "HEAD" ? top : joined([top, bytes]));
    }
    this.#loop.next(keepsAlive);
  }

  /**
   * Only a file says how long it is. Writes no faster than the client reads, which has its deadline for that: files are held once for all. One
   * slice a turn of the loop: hundreds of readers together kept it from its other sockets for seconds.
   */
  async #file(head: RequestHead, response: Response, bytes: number): Promise<void> {
    const { isCurrent, method } = head;
    const keepsAlive = this.#loop.keepsAlive(head);
    this.#transport.write(headOf(response, { isCurrent, keepsAlive, bytes }));
    const reader = method === "HEAD" ? undefined : response.body?.getReader();
    while (reader !== undefined && !this.#transport.isClosed) {
      await new Promise<void>((resolve) => this.#port.pipeline.add(resolve));
      const { value, done } = await reader.read();
      if (done) break;
      this.#transport.write(value);
      while (this.isStuck && !this.#transport.isClosed) {
        this.#loop.stuck();
        await new Promise<void>((resolve) => (this.#resumeStream = resolve));
      }
    }
    this.#loop.next(keepsAlive);
  }

  /** Writes no faster than the client reads: the rest stays with the writer of the stream, which counts it. */
  async #stream(response: Response, isChunked: boolean): Promise<void> {
    const reader = response.body?.getReader();
    if (reader === undefined) return;
    this.entry.become("guest");
    this.entry.onShed = this.destroy;
    for (;;) {
      const { value, done } = await this.#orEnd(reader.read());
      if (done || this.#loop.hasEnded) break;
      this.#transport.write(isChunked ? chunk(value) : value);
      while (this.isStuck && !this.#loop.hasEnded) {
        await new Promise<void>((resolve) => (this.#resumeStream = resolve));
      }
    }
    if (this.#loop.hasEnded) await reader.cancel();
    else if (isChunked) this.#transport.write(utf8.encode("0\r\n\r\n"));
  }

  /** Resolves with what is read, or with the end when the client leaves. */
  #orEnd<T>(read: Promise<ReadableStreamReadResult<T>>): Promise<ReadableStreamReadResult<T>> {
    if (this.#loop.hasEnded) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve, reject) => {
      this.#resumeStream = () => {
        if (this.#loop.hasEnded) resolve({ done: true, value: undefined });
      };
      read.then(resolve, reject);
    });
  }
}

function chunk(bytes: Uint8Array): Uint8Array {
  const head = utf8.encode(`${bytes.length.toString(16)}\r\n`);
  return joined([head, bytes, utf8.encode("\r\n")]);
}
