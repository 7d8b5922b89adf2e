/// <reference lib="esnext.disposable" />
/** A link of an app server to the mesh, for servers that send without end. */
import type { Send, SendResult } from "../../../schema/generated/link.ts";
import type {
  AliasSendAnswerBody,
  AnswerBody,
  BroadcastAnswerBody,
  SendAnswerBody,
} from "../../../schema/http.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { toBase64Url } from "../../../schema/text.ts";
import { notify } from "../../log.ts";
import { abortedError } from "../call.ts";
import { optionError, type PushServerError } from "../errors.ts";
import type {
  AliasMessage,
  BroadcastMessage,
  BroadcastOptions,
  SendOptions,
  SingleMessage,
} from "../sending/message.ts";
import { waitMsOf } from "../sending/wait.ts";
import { pauseAfter, type SignedCalls } from "../signed-calls.ts";
import { type Connection, sizeOf } from "./connection.ts";
import { Connections, type ServerLinkState } from "./connections.ts";
import { encodeMessage, type LinkMessage } from "./content.ts";
import { answerOf, refusalOf } from "./results.ts";

export interface ServerLinkOptions {
  /**
   * Called when the state changes: with the error that closed the link, or for which it waits. What it throws is reported to the
   * console.
   */
  readonly onState?: (state: ServerLinkState, error?: PushServerError) => void;
  /** Sends that may wait for their result before `ready` waits, 1 to 100,000. Default: 1,024. */
  readonly highWaterMark?: number;
}

type Answer = AnswerBody<"sendMessage">;

/** Encrypts the data of a message. */
type Seal = (message: LinkMessage, options: SendOptions) => Promise<LinkMessage>;

/** A send without a result. */
interface Entry {
  readonly send: Send;
  readonly bytes: number;
  /** For the ID of its message. */
  readonly idempotencyKey: string;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: PushServerError) => void;
  /** After this time it fails if the mesh cannot be reached: milliseconds since 1970. */
  readonly until: number;
  /** Where it is under way. */
  on: Connection | null;
  attempts: number;
}

const HIGH_WATER = 1_024;
const IDEMPOTENCY_BYTES = 16;
const utf8 = new TextEncoder();
/** How often sends are looked for whose time is over. */
const LOOK_MS = 1_000;
/** Requests are i32. */
const MAX_REQUEST = 2 ** 31 - 1;

/** `Symbol.asyncDispose`, or what compilers of `await using` take where a runtime lacks it. */
const ASYNC_DISPOSE: typeof Symbol.asyncDispose =
  Symbol.asyncDispose ?? Symbol.for("Symbol.asyncDispose");

/** Runs soon: what a turn of the event loop sends goes out in one frame. */
const soon: (task: () => void) => void =
  typeof setImmediate === "function" ? (task) => void setImmediate(task) : queueMicrotask;

export class ServerLink {
  readonly #calls: SignedCalls;
  readonly #seal: Seal;
  readonly #onState: ServerLinkOptions["onState"];
  readonly #highWater: number;
  readonly #connections: Connections;
  /** By request, in the order of the calls. */
  readonly #entries = new Map<number, Entry>();
  /** Those that are not under way, in order. */
  #queue: Entry[] = [];
  #error: PushServerError | undefined;
  /** Random once: a key of 16 random bytes for each send would cost more than its frame. */
  readonly #run = toBase64Url(crypto.getRandomValues(new Uint8Array(IDEMPOTENCY_BYTES)));
  #keys = 0;
  #nextRequest = 1;
  #isFlushing = false;
  #looker: ReturnType<typeof setInterval> | undefined;
  #whenReady: (() => void)[] = [];
  #whenEmpty: (() => void)[] = [];
  /** `close` was called: nothing more is taken. */
  #isEnding = false;

  /** @internal */
  constructor(
    calls: SignedCalls,
    seal: Seal,
    { onState, highWaterMark = HIGH_WATER }: ServerLinkOptions,
  ) {
    this.#calls = calls;
    this.#seal = seal;
    this.#onState = onState;
    this.#highWater = highWaterMark;
    this.#connections = new Connections(calls, {
      results: (results) => this.#take(results),
      mayFlush: () => this.#flushSoon(),
      lost: (connection) => this.#again(connection),
      became: (state, error) => this.#became(state, error),
    });
    void this.#connections.open();
  }

  get state(): ServerLinkState {
    return this.#connections.state;
  }

  /** Sends without a result. */
  get pending(): number {
    return this.#entries.size;
  }

  /** Resolves when fewer than `highWaterMark` sends wait for their result: await it before `send` if you read messages from elsewhere. */
  ready(): Promise<void> {
    if (this.#entries.size < this.#highWater || this.state === "closed") return Promise.resolve();
    return new Promise((resolve) => this.#whenReady.push(resolve));
  }

  /**
   * Sends a message to one registration, or to all holders of an alias, as `PushServer.send` does. What is sent in one turn of the event loop
   * goes out together. Messages to one registration are sent in the order of the calls. If the link breaks, the send is repeated on the next
   * one with its key, so the message is delivered once.
   *
   * @returns As `PushServer.send`; results come in any order.
   * @throws PushServerError As `PushServer.send`, and the error that closed the link.
   */
  send(message: SingleMessage, options?: SendOptions): Promise<SendAnswerBody>;
  send(message: AliasMessage, options?: SendOptions): Promise<AliasSendAnswerBody>;
  send(
    message: SingleMessage | AliasMessage,
    options: SendOptions = {},
  ): Promise<SendAnswerBody | AliasSendAnswerBody> {
    return this.#post(message, options);
  }

  /** Sends a broadcast, as `PushServer.broadcast` does. */
  broadcast(
    message: BroadcastMessage,
    options: BroadcastOptions = {},
  ): Promise<BroadcastAnswerBody> {
    return this.#post(message, options);
  }

  /** Takes no more sends, waits for the results of those under way, and closes the link. */
  async close(): Promise<void> {
    this.#isEnding = true;
    if (this.#entries.size > 0 && this.state !== "closed")
      await new Promise<void>((resolve) => this.#whenEmpty.push(resolve));
    this.#connections.close();
  }

  /** The same. */
  [ASYNC_DISPOSE](): Promise<void> {
    return this.close();
  }

  async #post<T extends Answer>(
    { encrypt, ...message }: LinkMessage & { readonly encrypt?: boolean },
    options: SendOptions,
  ): Promise<T> {
    const { signal } = options;
    const waitMs = waitMsOf(options);
    if (signal?.aborted) throw abortedError(signal);
    const sealed = encrypt ? await this.#seal(message, options) : message;
    if (this.state === "closed" || this.#isEnding)
      throw this.#error ?? optionError("link: it is closed");
    const idempotencyKey = options.idempotencyKey ?? `${this.#run}.${this.#keys++}`;
    const send: Send = {
      request: this.#request(),
      ...encodeMessage(sealed),
      idempotencyKey: utf8.encode(idempotencyKey),
      ...(waitMs === undefined ? {} : { waitMs }),
    };
    const { host, retryForMs } = this.#calls;
    const until = host.now() + retryForMs + (waitMs ?? LIMITS.ACK_WAIT_DEFAULT_MS);
    return new Promise<Answer>((resolve, reject) => {
      const bytes = sizeOf(send);
      const own = { send, bytes, idempotencyKey, resolve, reject, until, on: null, attempts: 0 };
      this.#entries.set(send.request, own);
      this.#queue.push(own);
      if (signal !== undefined) {
        const onAbort = () => this.#fail(own, abortedError(signal));
        signal.addEventListener("abort", onAbort, { once: true });
      }
      this.#looker ??= setInterval(() => this.#look(), LOOK_MS);
      this.#flushSoon();
    }) as Promise<T>;
  }

  #request(): number {
    for (;;) {
      const request = this.#nextRequest;
      this.#nextRequest = request === MAX_REQUEST ? 1 : request + 1;
      if (!this.#entries.has(request)) return request;
    }
  }

  /** What was under way on a lost connection is sent again, before what has not been sent, in the order of the calls. */
  #again(connection: Connection): void {
    const lost = [...this.#entries.values()].filter(({ on }) => on === connection);
    for (const entry of lost) entry.on = null;
    this.#queue = [...lost, ...this.#queue];
    this.#flushSoon();
  }

  #flushSoon(): void {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    soon(() => {
      this.#isFlushing = false;
      this.#flush();
    });
  }

  #flush(): void {
    const connection = this.#connections.current;
    if (connection === null || this.#queue.length === 0) return;
    const held = this.#heldTargets();
    const left: Entry[] = [];
    let frame: Send[] = [];
    let bytes = 0;
    const go = () => {
      if (frame.length > 0) connection.sends(frame);
      frame = [];
      bytes = 0;
    };
    let isFull = false;
    for (const entry of this.#queue) {
      if (!this.#entries.has(entry.send.request)) continue;
      if (isFull || held?.has(entry.send.to)) {
        left.push(entry);
        held?.add(entry.send.to);
        continue;
      }
      if (bytes + entry.bytes > connection.frameBytes) go();
      if (!connection.hasRoom(frame.length + 1, bytes + entry.bytes)) {
        isFull = true;
        left.push(entry);
        continue;
      }
      entry.on = connection;
      frame.push(entry.send);
      bytes += entry.bytes;
    }
    go();
    this.#queue = left;
  }

  /** To those with a send on a link that takes no more, the next goes out after its result: their order stays. */
  #heldTargets(): Set<string> | null {
    const { leaving } = this.#connections;
    if (leaving.size === 0) return null;
    const targets = new Set<string>();
    for (const { on, send } of this.#entries.values())
      if (on !== null && leaving.has(on)) targets.add(send.to);
    return targets;
  }

  #take(results: readonly SendResult[]): void {
    for (const result of results) {
      const entry = this.#entries.get(result.request);
      if (entry === undefined) continue;
      if (result.problem === undefined) this.#settle(entry, result);
      else this.#refused(entry, refusalOf(result, entry.idempotencyKey));
    }
    if (this.#queue.length > 0) this.#flushSoon();
  }

  #settle(entry: Entry, result: SendResult): void {
    this.#drop(entry);
    try {
      entry.resolve(answerOf(result, entry.send.to));
    } catch (error) {
      entry.reject(error as PushServerError);
    }
  }

  #refused(entry: Entry, error: PushServerError): void {
    entry.attempts++;
    const { host } = this.#calls;
    const isLast = entry.attempts >= this.#calls.attempts;
    const pause = isLast ? undefined : pauseAfter(error, entry.attempts, host.random());
    if (pause === undefined || host.now() + pause > entry.until) {
      this.#fail(entry, error);
      return;
    }
    entry.on = null;
    setTimeout(() => {
      this.#queue.push(entry);
      this.#flushSoon();
    }, pause);
  }

  #look(): void {
    const now = this.#calls.host.now();
    for (const entry of this.#entries.values()) {
      if (now > entry.until) this.#fail(entry, this.#connections.unreachable("no result in time"));
    }
  }

  #fail(entry: Entry, error: PushServerError): void {
    if (!this.#drop(entry)) return;
    entry.reject(Object.assign(error, { idempotencyKey: entry.idempotencyKey }));
  }

  #drop({ send }: Entry): boolean {
    const wasPending = this.#entries.delete(send.request);
    if (this.#entries.size < this.#highWater) for (const go of this.#whenReady.splice(0)) go();
    if (this.#entries.size === 0) {
      if (this.#looker !== undefined) clearInterval(this.#looker);
      this.#looker = undefined;
      for (const go of this.#whenEmpty.splice(0)) go();
    }
    return wasPending;
  }

  /** @param error undefined: it is closed on this side */
  #became(state: ServerLinkState, error: PushServerError | undefined): void {
    if (state === "closed") {
      this.#error = error;
      const why = error ?? this.#connections.unreachable("closed");
      for (const entry of [...this.#entries.values()]) this.#fail(entry, why);
    }
    notify<undefined>(() => this.#onState?.(state, error), console.error, undefined);
  }
}
