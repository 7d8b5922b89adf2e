/// <reference lib="esnext.disposable" preserve="true" />
/** A live listener: opens the socket, reconnects from its cursor, and passes on each message once. */
import { closeVerdict, FIRST_MESH_CLOSE } from "../../../schema/errors.ts";
import type { LiveMessageBody, LivePresenceBody } from "../../../schema/http.ts";
import { type Log, type LogEntry, notify } from "../../log.ts";
import { noOrigin, originOf } from "../../origin.ts";
import {
  HEARTBEAT_DEFAULT_MS,
  OPEN_TIMEOUT_MS,
  PONG_TIMEOUT_MS,
  RECONNECT_BASE_MS,
  RECONNECT_MAX_MS,
} from "../constants.ts";
import { optionInvalid, PushError } from "../errors.ts";
import { defaultListenHost, type ListenHost, requireGlobals, type Socket } from "../host.ts";
import { verifyLive } from "./verify.ts";

const PROTOCOL = "pushmesh.live.v1";
const TOKEN_PROTOCOL = "pushmesh.token.";
/** RFC 6455 §7.4.1. */
const NORMAL_CLOSURE = 1000;
const ABNORMAL_CLOSURE = 1006;

export interface ListenOptions {
  /** Origin of the mesh, such as `https://push.example.com`. */
  readonly url: string;
  readonly appId: string;
  /** 1 to 128 bytes of UTF-8. */
  readonly tag: string;
  /**
   * A listen token signed by the app's server, or a function that returns a fresh one for each connection. Omit it for an open tag.
   */
  readonly token?: string | (() => string | Promise<string>);
  /** The `cursor` of the last message you have; the mesh keeps the last 128 broadcasts. Default: only new messages. */
  readonly after?: number;
  /**
   * The app's live key, in base64url. The listener drops messages that the key did not sign for their place in the tag, and reports
   * them as `data_invalid`.
   */
  readonly publicKey?: string;
  /** Called once with each message, in order. If it throws, the error is reported, and the message does not come again. */
  readonly onMessage: (message: LiveMessageBody) => void;
  /** Called with the number of listeners: soon after each connection, then when it changes, at most every 5 s. */
  readonly onPresence?: (listeners: number) => void;
  readonly onState?: (state: ListenState) => void;
  /** Closes the listener when it fires. */
  readonly signal?: AbortSignal | undefined;
  /** Takes a structured entry for each state and for each message that was dropped; no payloads. Default: none. */
  readonly log?: Log | undefined;
  /** Replaces the host's own WebSocket, timers, random numbers and `online` events. */
  readonly host?: Partial<ListenHost>;
}

export type ListenState =
  | { readonly name: "connecting" | "listening" }
  /** Reconnects after this many milliseconds, at `retryAt`: milliseconds since 1970 on the clock of this device. */
  | {
      readonly name: "waiting";
      readonly retryInMs: number;
      readonly retryAt: number;
      readonly error: PushError;
    }
  /** Closed for good: by `close`, or because reconnecting does not help; `error` says why. */
  | { readonly name: "closed"; readonly error: PushError | undefined };

/** What the log has of any of them. */
interface LoggedState {
  readonly name: ListenState["name"];
  readonly error?: PushError | undefined;
  readonly retryInMs?: number;
}

export interface LiveListener {
  /**
   * The position up to which all messages were passed on; undefined before the first connection. Store it to resume with `after`.
   */
  readonly cursor: number | undefined;
  /** The current state. */
  readonly state: ListenState;
  close(): void;
  /** The same as `close`, for `using` and `await using`. */
  [Symbol.dispose](): void;
}

/** Options by what `typeof` says of them. Those in front must be given. */
const KINDS = {
  appId: "string",
  tag: "string",
  onMessage: "function",
  onPresence: "function",
  onState: "function",
  log: "function",
  token: "function or string",
  after: "number",
  publicKey: "string",
  signal: "object",
} as const;
const REQUIRED = 3;
/** 32 bytes in base64url. */
const PUBLIC_KEY = /^[\w-]{43}$/;

/** @throws PushError `option_invalid` that names the first option that is missing or not valid */
function check(options: ListenOptions): void {
  for (const [i, [name, kind]] of Object.entries(KINDS).entries()) {
    const value = options[name as keyof typeof KINDS];
    if (value === undefined ? i < REQUIRED : !kind.includes(typeof value) || value === "")
      throw optionInvalid(`${name}: must be given, a ${kind}`);
  }
  const { after = 0, publicKey } = options;
  if (!(after >= 0) || after % 1) throw optionInvalid("after: must be whole, 0 or more");
  if (publicKey !== undefined && !PUBLIC_KEY.test(publicKey))
    throw optionInvalid("publicKey: must be 32 bytes in base64url");
}

/** `Symbol.dispose`, or what compilers of `using` take where a runtime lacks it. */
const DISPOSE: typeof Symbol.dispose = Symbol.dispose ?? Symbol.for("Symbol.dispose");

/**
 * Listens to a tag until it is closed or refused for good.
 *
 * @throws PushError `option_invalid` naming the option
 */
export function listenLive(options: ListenOptions): LiveListener {
  const listener = new Listener(options);
  listener.start();
  return listener;
}

class Listener implements LiveListener {
  readonly #options: ListenOptions;
  readonly #host: ListenHost;
  readonly #url: URL;
  cursor: number | undefined;
  state: ListenState = { name: "connecting" };
  /** The position from which the mesh continues; below `cursor` if the mesh has less than was signed. */
  #place: number | undefined;
  /** The last signed message. */
  #verified: Pick<LiveMessageBody, "cursor" | "sentAt"> | undefined;
  #socket: Socket | undefined;
  /** Earlier connections are over: later events of them are ignored. */
  #epoch = 0;
  #failures = 0;
  #isClosed = false;
  #isListening = false;
  #cancelTimer: () => void = () => {};
  /** Removes listeners of the network and the signal. */
  readonly #forget: (() => void)[] = [];
  /** Messages are verified one after another, so that they stay in order. */
  #queue: Promise<void> = Promise.resolve();

  constructor(options: ListenOptions) {
    this.#options = options;
    if (options?.host?.openSocket === undefined) requireGlobals("WebSocket");
    this.#host = { ...defaultListenHost(), ...options?.host };
    const { url, appId, tag, after } = options ?? {};
    const origin = originOf(url);
    if (origin === undefined) throw optionInvalid(noOrigin(url));
    check(options);
    const path = `/v1/apps/${encodeURIComponent(appId)}/tags/${encodeURIComponent(tag)}/live`;
    this.#url = new URL(path, origin);
    this.#url.protocol = this.#url.protocol.replace("http", "ws");
    this.cursor = after;
    this.#place = after;
  }

  start(): void {
    const probe = (): void => {
      if (this.#isListening) this.#probe(this.#epoch);
    };
    this.#forget.push(
      this.#host.onOnline(() => (this.#socket === undefined ? this.#connect() : probe())),
      this.#host.onOffline?.(probe) ?? (() => {}),
    );
    const { signal } = this.#options;
    const close = () => this.close();
    signal?.addEventListener("abort", close);
    this.#forget.push(() => signal?.removeEventListener("abort", close));
    if (signal?.aborted) close();
    else this.#connect();
  }

  close(): void {
    this.#end(undefined);
  }

  [DISPOSE](): void {
    this.close();
  }

  #connect(): void {
    if (this.#isClosed) return;
    this.#cancelTimer();
    const epoch = ++this.#epoch;
    this.#isListening = false;
    this.#tell({ name: "connecting" });
    this.#cancelTimer = this.#host.after(OPEN_TIMEOUT_MS, () => this.#giveUp("it did not open"));
    this.#open(epoch).catch((cause: unknown) => {
      if (epoch !== this.#epoch) return;
      const message = `could not get a token or open a socket: ${cause}`;
      this.#retry(new PushError({ code: "network_failed", message, retry: "later", cause }));
    });
  }

  async #open(epoch: number): Promise<void> {
    const { token } = this.#options;
    const text = typeof token === "function" ? await token() : token;
    if (epoch !== this.#epoch) return;
    const url = new URL(this.#url);
    if (this.#place !== undefined) url.searchParams.set("after", `${this.#place}`);
    const protocols = text === undefined ? [PROTOCOL] : [PROTOCOL, TOKEN_PROTOCOL + text];
    this.#socket = this.#host.openSocket(url.href, protocols, {
      opened: () => {
        if (epoch === this.#epoch) this.#expectLife(epoch);
      },
      received: (data) => {
        if (epoch === this.#epoch && typeof data === "string") this.#receive(epoch, data);
      },
      closed: (code, reason) => {
        if (epoch === this.#epoch) this.#lose(code, reason);
      },
    });
  }

  #receive(epoch: number, text: string): void {
    this.#expectLife(epoch);
    if (text === "pong") return;
    this.#failures = 0;
    if (!this.#isListening) {
      this.#isListening = true;
      this.#tell({ name: "listening" });
    }
    this.#queue = this.#queue.then(() => this.#take(epoch, text)).catch(this.#failed);
  }

  async #take(epoch: number, text: string): Promise<void> {
    const { onMessage, onPresence, publicKey, appId, tag } = this.#options;
    if (this.#isClosed) return;
    const body = bodyOf(text);
    if (body.type === "presence") {
      if (epoch !== this.#epoch) return;
      // If the mesh gets a cursor that it never sent, its own is the one to continue from: a backup was restored.
      this.#place = body.cursor;
      // Code that resumes from this cursor elsewhere does not know what was signed.
      this.cursor = Math.max(body.cursor, this.#verified?.cursor ?? 0);
      onPresence?.(body.listeners);
      return;
    }
    if (body.type !== "message" || body.cursor <= (this.#place ?? -1) || this.#isOld(body)) return;
    const isGood = publicKey === undefined || (await verifyLive(body, { appId, publicKey, tag }));
    if (this.#isClosed) return;
    if (isGood) {
      this.cursor = body.cursor;
      this.#place = body.cursor;
      if (publicKey !== undefined) this.#verified = body;
      onMessage(body);
    } else {
      const message = `message ${body.id} is not signed by the app's live key`;
      throw new PushError({ code: "data_invalid", message, retry: "never", messageId: body.id });
    }
  }

  /** Whether the message may be a repeat, whatever its cursor: after a restore, positions are reassigned, times are not. */
  #isOld({ cursor, sentAt }: LiveMessageBody): boolean {
    const last = this.#verified;
    return last !== undefined && cursor <= last.cursor && sentAt <= last.sentAt;
  }

  /** Probes the socket after a period of silence, and closes it if there is no answer. */
  #expectLife(epoch: number): void {
    this.#cancelTimer();
    this.#cancelTimer = this.#host.after(HEARTBEAT_DEFAULT_MS, () => this.#probe(epoch));
  }

  #probe(epoch: number): void {
    if (epoch !== this.#epoch) return;
    this.#cancelTimer();
    this.#socket?.send("ping");
    this.#cancelTimer = this.#host.after(PONG_TIMEOUT_MS, () => {
      this.#giveUp("no answer to a ping");
    });
  }

  /** The socket is dead without a close event. */
  #giveUp(why: string): void {
    this.#socket?.close(NORMAL_CLOSURE, "");
    this.#lose(ABNORMAL_CLOSURE, why);
  }

  #lose(closeCode: number, reason: string): void {
    const verdict = closeVerdict(closeCode);
    const canRenew = verdict === "reauthenticate" && typeof this.#options.token === "function";
    const retry = verdict === "reconnect" ? "later" : canRenew ? verdict : "never";
    const [code] = closeCode >= FIRST_MESH_CLOSE ? reason.split(":", 1) : [];
    const error = new PushError({
      code: code || "link_lost",
      message: reason || `the socket closed (${closeCode})`,
      retry,
      closeCode,
    });
    if (retry === "never") this.#end(error);
    else this.#retry(error);
  }

  /** Full jitter: a random time up to a bound that doubles, so that listeners do not all come back at once. */
  #retry(error: PushError): void {
    this.#cancelTimer();
    this.#socket = undefined;
    this.#epoch++;
    const bound = Math.min(RECONNECT_MAX_MS, RECONNECT_BASE_MS * 2 ** this.#failures++);
    const retryInMs = Math.round(this.#host.random() * bound);
    this.#cancelTimer = this.#host.after(retryInMs, () => this.#connect());
    this.#tell({ name: "waiting", retryInMs, retryAt: Date.now() + retryInMs, error });
  }

  #end(error: PushError | undefined): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#epoch++;
    this.#cancelTimer();
    for (const forget of this.#forget) forget();
    if (error === undefined) this.#socket?.close(NORMAL_CLOSURE, "");
    this.#socket = undefined;
    this.#tell({ name: "closed", error });
  }

  readonly #failed = (error: unknown): void => {
    const { code, messageId } = error instanceof PushError ? error : { code: "handler_failed" };
    this.#log({ level: "error", event: "error", code, messageId });
    this.#host.report(error);
  };

  #log(entry: LogEntry): void {
    notify(this.#options.log, this.#host.report, entry);
  }

  #tell(state: ListenState): void {
    this.state = state;
    const { name, error, retryInMs }: LoggedState = state;
    const level = error === undefined ? "info" : name === "closed" ? "error" : "warn";
    this.#log({ level, event: "state", state: name, code: error?.code, retryInMs });
    notify(this.#options.onState, this.#host.report, state);
  }
}

/** @throws PushError `data_invalid` for a frame that no mesh sends. */
function bodyOf(text: string): LiveMessageBody | LivePresenceBody {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const message = "A frame from the mesh is not JSON.";
    throw new PushError({ code: "data_invalid", message, retry: "never", cause });
  }
}
