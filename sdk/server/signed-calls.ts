/** Signed calls of an app server to the mesh, with retries. */
import type { AnswerBody, MethodOf, OperationId, PathOf } from "../../schema/http.ts";
import { LIMITS } from "../../schema/limits.ts";
import { toBase64Url } from "../../schema/text.ts";
import { type Log, type LogEntry, notify } from "../log.ts";
import { between, FUNCTION, invalidOption, type Rules, TEXT } from "../options.ts";
import { encodeBody } from "./body.ts";
import {
  abortedError,
  callMesh,
  hostOf,
  meshOrigin,
  type RateLimit,
  rateLimitOf,
  routeOf,
  type ServerHost,
} from "./call.ts";
import type { EncryptionOptions } from "./encryption.ts";
import { optionError, PushServerError, runtimeError, UndecidedError } from "./errors.ts";
import { signRequest } from "./sign.ts";
import { type SendingKey, type Signer, signerOf } from "./signer.ts";

export interface PushServerOptions {
  /** Origin of the mesh, such as `https://push.example.com`. */
  readonly url: string;
  /** `<appId>.k<n>`, as `pushmesh key create` printed it. */
  readonly keyId: string;
  readonly key: SendingKey;
  /**
   * How long to retry a call after a failure of the network or the mesh, or while the app's quota is used up, in milliseconds, 0 to 600,000. Default: 45,000, so that a
   * restart of the mesh, which takes up to 30 s, fails no call.
   */
  readonly retryForMs?: number;
  /** Attempts per call, 1 to 100. Default: as many as `retryForMs` allows. */
  readonly attempts?: number;
  /**
   * Limit of one attempt, in milliseconds, 100 to 600,000; a send adds the time for which it waits for the device. Default: 10,000. To limit a call with
   * all its attempts, give it `signal: AbortSignal.timeout(ms)`.
   */
  readonly timeoutMs?: number | undefined;
  /**
   * Takes a structured entry for each attempt (`debug`), retry (`warn`) and failed call (`error`), without payloads, names and keys. Default: none.
   *
   * @example log: ({ level, event, ...fields }) => logger[level](fields, event)
   */
  readonly log?: Log | undefined;
  /**
   * Called after each failure that is retried, before the pause. `attempt` is the number of the failed attempt, from 1. Not called for
   * the last failure, with which the call rejects.
   */
  readonly onRetry?: (error: PushServerError, attempt: number) => void;
  /** Pins of the keys that messages are encrypted to. */
  readonly encryption?: EncryptionOptions;
  /** Replaces the host's own fetch, clock, random numbers and timer. */
  readonly host?: Partial<ServerHost>;
}

interface SignedRequest {
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Instead of `body`: JSON that is encoded already. */
  readonly bytes?: Uint8Array<ArrayBuffer>;
  /** JSON text to send as the body's member `data`, unchanged. */
  readonly dataJson?: string | undefined;
  /** Least limit of one attempt, milliseconds. Default: the option `timeoutMs`. */
  readonly timeoutMs?: number;
  /** How long the mesh may wait before it answers, milliseconds. */
  readonly waitMs?: number;
  /** Cancels the call, including its pauses and retries. */
  readonly signal?: AbortSignal | undefined;
  /**
   * True for a change that must not be carried out twice, because that could undo changes of others in between: its attempts are copies
   * of one signed request, of which the mesh carries out one. Default: false, so that each attempt is signed anew.
   */
  readonly isChange?: boolean;
}

const TIMEOUT_DEFAULT_MS = 10_000;
const TIMEOUT_MIN_MS = 100;
const TIMEOUT_MAX_MS = 600_000;
/** Full jitter: the first pause is between 0 and BACKOFF_MS; the bound doubles with each attempt, up to BACKOFF_MAX_MS. */
const BACKOFF_MS = 250;
const BACKOFF_MAX_MS = 5_000;
/** If the mesh asks for a longer pause, the call fails: the caller has a better place to queue. */
const RETRY_AFTER_MAX_MS = 10_000;
const RETRY_FOR_DEFAULT_MS = 45_000;
const RETRY_FOR_MAX_MS = 600_000;
const ATTEMPTS_MAX = 100;
const NONCE_BYTES = 9;
/** How long to retry a change, which is not signed anew: a minute less than the mesh accepts its signature. */
const SIGNATURE_MS = (LIMITS.SIGNATURE_MAX_AGE_SECONDS - LIMITS.CLOCK_SKEW_SECONDS) * 1_000;

const isObject = (value: unknown): boolean => typeof value === "object" && value !== null;

const OPTIONS: Rules = {
  url: ["the origin of a mesh", () => true],
  keyId: TEXT,
  key: ["a key", (value: unknown) => value !== null],
  retryForMs: between(0, RETRY_FOR_MAX_MS),
  attempts: between(1, ATTEMPTS_MAX),
  timeoutMs: between(TIMEOUT_MIN_MS, TIMEOUT_MAX_MS),
  onRetry: FUNCTION,
  log: FUNCTION,
  encryption: ["an object", isObject],
  host: ["an object", isObject],
};

export class SignedCalls {
  readonly keyId: string;
  readonly host: ServerHost;
  readonly origin: string;
  readonly #key: SendingKey;
  readonly attempts: number;
  readonly retryForMs: number;
  readonly timeoutMs: number;
  readonly #onRetry: PushServerOptions["onRetry"];
  readonly #log: Log | undefined;
  #signer: Promise<Signer> | undefined;
  /** Of the last answer. */
  rateLimit: RateLimit | undefined;

  /** @throws PushServerError `option_invalid`, `runtime_unsupported` */
  constructor(options: PushServerOptions) {
    // `options` may be undefined: the error then names the missing url.
    const { url, keyId, key, host = {} } = options ?? {};
    this.origin = meshOrigin(url);
    if (typeof keyId !== "string" || keyId === "") throw optionError("keyId: must be given");
    if (key === undefined || key === null) throw optionError("key: must be given");
    const fault = invalidOption(options, OPTIONS);
    if (fault !== undefined) throw optionError(fault);
    this.keyId = keyId;
    this.#key = key;
    this.attempts = options.attempts ?? Number.POSITIVE_INFINITY;
    this.retryForMs = options.retryForMs ?? RETRY_FOR_DEFAULT_MS;
    this.timeoutMs = options.timeoutMs ?? TIMEOUT_DEFAULT_MS;
    this.#onRetry = options.onRetry;
    this.#log = options.log;
    this.host = hostOf(host);
    if (typeof crypto === "undefined" || crypto.subtle === undefined)
      throw runtimeError("Web Crypto (crypto.subtle)");
  }

  /** Signs with the sending key. */
  signer(): Promise<Signer> {
    this.#signer ??= signerOf(this.#key);
    return this.#signer;
  }

  /**
   * Calls the mesh, with retries.
   *
   * @template Id the operation, which determines the types of method, path and answer by the table of routes
   * @throws UndecidedError if an attempt began a change and its answer was lost; PushServerError the error of the last attempt
   *
   * @internal
   */
  async call<Id extends OperationId>(
    method: MethodOf<Id>,
    path: PathOf<Id>,
    request: SignedRequest = {},
  ): Promise<AnswerBody<Id>> {
    const url = this.origin + path;
    const { signal, waitMs = 0, isChange = false } = request;
    const timeoutMs = Math.max(this.timeoutMs, request.timeoutMs ?? 0) + waitMs;
    const about = { method, route: routeOf(path) };
    const body =
      request.bytes ??
      (request.body === undefined ? null : encodeBody(request.body, request.dataJson));
    const begunAt = this.host.now();
    const retryForMs = isChange ? Math.min(this.retryForMs, SIGNATURE_MS) : this.retryForMs;
    let headers: Readonly<Record<string, string>> | undefined;
    for (let attempt = 1; ; attempt++) {
      if (signal?.aborted) throw abortedError(signal);
      if (headers === undefined || !isChange) {
        headers = await this.sign(method, url, request.headers, body);
      }
      const sentAt = this.host.now();
      const log = (level: LogEntry["level"], event: string, more: object): void => {
        const ms = this.host.now() - sentAt;
        const entry: LogEntry = { level, event, ...about, attempt, ms, ...more };
        notify(this.#log, console.error, entry);
      };
      try {
        const init = { method, headers, body };
        const take = (answer: Headers): void => {
          this.rateLimit = rateLimitOf(answer, this.host.now());
        };
        const answer = await callMesh<AnswerBody<Id>>(
          ...([this.host, url, init, timeoutMs, signal, take] as const),
        );
        log("debug", "call", {});
        return answer;
      } catch (error) {
        if (!(error instanceof PushServerError)) throw error;
        const { code, status } = error;
        const pause =
          attempt >= this.attempts ? undefined : pauseAfter(error, attempt, this.host.random());
        if (pause === undefined || this.host.now() + pause > begunAt + retryForMs) {
          log("error", "failed", { code, status });
          throw code === "request_replayed" ? new UndecidedError(error) : error;
        }
        log("warn", "retry", { code, status, pauseMs: Math.round(pause) });
        this.#onRetry?.(error, attempt);
        await this.#pause(pause, signal);
      }
    }
  }

  /**
   * Calls the mesh once: not again, whatever the answer.
   *
   * @internal
   */
  async callOnce<Id extends OperationId>(
    method: MethodOf<Id>,
    path: PathOf<Id>,
  ): Promise<AnswerBody<Id>> {
    const url = this.origin + path;
    const headers = await this.sign(method, url, undefined, null);
    return callMesh(this.host, url, { method, headers }, this.timeoutMs);
  }

  /** The headers of a request, with a signature of its own. */
  async sign(
    method: string,
    url: string,
    given: SignedRequest["headers"],
    body: Uint8Array<ArrayBuffer> | null,
  ): Promise<Readonly<Record<string, string>>> {
    // No `Headers`: a command that sends one message would spend a fifth of its time on loading it in Node.
    const headers = new Map(Object.entries(given ?? {}));
    if (body !== null) headers.set("content-type", "application/json");
    const created = Math.floor(this.host.now() / 1_000);
    // Makes two identical calls in the same second two requests.
    const nonce = toBase64Url(crypto.getRandomValues(new Uint8Array(NONCE_BYTES)));
    const signer = await this.signer();
    await signRequest(method, url, headers, body, { keyId: this.keyId, signer, created, nonce });
    return Object.fromEntries(headers);
  }

  /** Waits; ends early if the caller's signal fires, and removes its listener from it. */
  async #pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const ended = new AbortController();
    const onAbort = () => {
      ended.abort();
      resolve();
    };
    signal?.addEventListener("abort", onAbort);
    await Promise.race([this.host.sleep(ms, ended.signal), promise]);
    signal?.removeEventListener("abort", onAbort);
  }
}

/**
 * Milliseconds until the next attempt; undefined for none.
 *
 * @param random from 0 (included) to 1 (excluded)
 */
export function pauseAfter(
  error: PushServerError,
  attempt: number,
  random: number,
): number | undefined {
  if (error.retry !== "later") return undefined;
  // The mesh says when there is a token again. Callers that were refused together must not come back together.
  if (error.code === "quota_exceeded") return (error.retryAfterMs ?? 0) + random * BACKOFF_MS;
  // Any other 409 or 429 needs a decision of the caller; only failures of the network and of the mesh itself are retried.
  if (error.code === "aborted" || (error.status !== undefined && error.status < 500)) {
    return undefined;
  }
  const asked = error.retryAfterMs ?? 0;
  if (asked > RETRY_AFTER_MAX_MS) return undefined;
  return asked + random * Math.min(BACKOFF_MAX_MS, BACKOFF_MS * 2 ** (attempt - 1));
}
