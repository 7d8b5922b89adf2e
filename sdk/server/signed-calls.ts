/** Signed calls of an app server to the mesh, tried again where that can help. */
import type { AnswerBody, MethodOf, OperationId, PathOf } from "../../schema/http.ts";
import { LIMITS } from "../../schema/limits.ts";
import { toBase64Url } from "../../schema/text.ts";
import { encodeBody } from "./body.ts";
import { abortedError, callMesh, hostOf, meshOrigin, type ServerHost } from "./call.ts";
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
   * For how long a call that the network or the mesh failed is tried again, in milliseconds, 0 to 600,000. Default 45,000: a
   * restart of the mesh, 30 s at the most, fails no call.
   */
  readonly retryForMs?: number;
  /** Tries of one call, 1 to 100. Default: as many as `retryForMs` allows. */
  readonly attempts?: number;
  /**
   * Told of each failure after which a call is tried again, before the pause. `attempt` is the number of the try that failed, from
   * 1. Not told of the last one, which the call rejects with.
   */
  readonly onRetry?: (error: PushServerError, attempt: number) => void;
  /** In place of the host's own fetch, clock, random and timer. */
  readonly host?: Partial<ServerHost>;
}

export interface SignedRequest {
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** JSON text that is sent as the body's member `data`, as it is written. */
  readonly dataJson?: string | undefined;
  /** Of one try; 10 s unless told. */
  readonly timeoutMs?: number;
  /** Ends the call, its pauses and its tries. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Carried out twice it would undo what others changed in between: its tries are copies of one signed request, of which the mesh
   * carries out one. Default false: every try is signed anew, as a question or a message with an idempotency key may be.
   */
  readonly isChange?: boolean;
}

/** What a call may take beyond a wait that it asked for. */
export const TIMEOUT_MS = 10_000;
/** Full jitter: the first pause is 0 to this, and the bound doubles with each, up to the second. */
const BACKOFF_MS = 250;
const BACKOFF_MAX_MS = 5_000;
/** A mesh that asks for a longer pause is not waited for: the caller has a better place to queue. */
const RETRY_AFTER_MAX_MS = 10_000;
const RETRY_FOR_DEFAULT_MS = 45_000;
const RETRY_FOR_MAX_MS = 600_000;
const ATTEMPTS_MAX = 100;
const NONCE_BYTES = 9;
/** How long a signature is used for: that of a change is not made anew. A minute less than the mesh takes it for. */
const SIGNATURE_MS = (LIMITS.SIGNATURE_MAX_AGE_SECONDS - LIMITS.CLOCK_SKEW_SECONDS) * 1_000;

export class SignedCalls {
  readonly keyId: string;
  readonly host: ServerHost;
  readonly #origin: string;
  readonly #key: SendingKey;
  readonly #attempts: number;
  readonly #retryForMs: number;
  readonly #onRetry: PushServerOptions["onRetry"];
  #signer: Promise<Signer> | undefined;

  /** @throws PushServerError `option_invalid`, `runtime_unsupported` */
  constructor(options: PushServerOptions) {
    // Without options, too: it is the url that is then missed.
    const { url, keyId, key, attempts, retryForMs, onRetry, host = {} } = options ?? {};
    this.#origin = meshOrigin(url);
    if (typeof keyId !== "string" || keyId === "") throw optionError("keyId: must be given");
    if (key === undefined || key === null) throw optionError("key: must be given");
    this.keyId = keyId;
    this.#key = key;
    this.#attempts = bounded("attempts", attempts, 1, ATTEMPTS_MAX) ?? Number.POSITIVE_INFINITY;
    this.#retryForMs =
      bounded("retryForMs", retryForMs, 0, RETRY_FOR_MAX_MS) ?? RETRY_FOR_DEFAULT_MS;
    this.#onRetry = onRetry;
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
   * @template Id of the operation, by which method, path and answer are held to the table of routes
   * @throws UndecidedError where a change was begun by a try whose answer was lost; PushServerError what the mesh, or the network,
   *   says after the last try
   */
  async call<Id extends OperationId>(
    method: MethodOf<Id>,
    path: PathOf<Id>,
    request: SignedRequest = {},
  ): Promise<AnswerBody<Id>> {
    const url = this.#origin + path;
    const { signal, timeoutMs = TIMEOUT_MS, isChange = false } = request;
    const body = request.body === undefined ? null : encodeBody(request.body, request.dataJson);
    const begunAt = this.host.now();
    const retryForMs = isChange ? Math.min(this.#retryForMs, SIGNATURE_MS) : this.#retryForMs;
    let headers: Headers | undefined;
    for (let attempt = 1; ; attempt++) {
      if (signal?.aborted) throw abortedError(signal);
      if (headers === undefined || !isChange) {
        headers = await this.#sign(method, url, new Headers(request.headers), body);
      }
      try {
        const init = { method, headers, body };
        return await callMesh<AnswerBody<Id>>(this.host, url, init, timeoutMs, signal);
      } catch (error) {
        if (!(error instanceof PushServerError)) throw error;
        if (error.code === "request_replayed") throw new UndecidedError(error);
        if (attempt >= this.#attempts) throw error;
        const pause = this.#pauseAfter(error, attempt);
        if (pause === undefined || this.host.now() + pause > begunAt + retryForMs) throw error;
        this.#onRetry?.(error, attempt);
        await this.#pause(pause, signal);
      }
    }
  }

  async #sign(
    method: string,
    url: string,
    headers: Headers,
    body: Uint8Array<ArrayBuffer> | null,
  ): Promise<Headers> {
    if (body !== null) headers.set("content-type", "application/json");
    const created = Math.floor(this.host.now() / 1_000);
    // Two calls of the same second that ask for the same are two.
    const nonce = toBase64Url(crypto.getRandomValues(new Uint8Array(NONCE_BYTES)));
    const signer = await this.signer();
    await signRequest(method, url, headers, body, { keyId: this.keyId, signer, created, nonce });
    return headers;
  }

  /** Ends early where the caller's signal fires, and leaves nothing on it. */
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

  /** How long to wait before the next try; undefined where there is to be none. */
  #pauseAfter(error: PushServerError, attempt: number): number | undefined {
    if (error.retry !== "later") return undefined;
    // 409 and 429 ask for a decision of the caller's; what is left is the network and the mesh itself.
    if (error.code === "aborted" || (error.status !== undefined && error.status < 500)) {
      return undefined;
    }
    const asked = error.retryAfterMs ?? 0;
    if (asked > RETRY_AFTER_MAX_MS) return undefined;
    const bound = Math.min(BACKOFF_MAX_MS, BACKOFF_MS * 2 ** (attempt - 1));
    return asked + this.host.random() * bound;
  }
}

/** @throws PushServerError `option_invalid` naming the option and its bounds */
function bounded(name: string, value: number | undefined, min: number, max: number) {
  if (value === undefined || (Number.isInteger(value) && value >= min && value <= max))
    return value;
  throw optionError(`${name}: ${value} must be ${min} to ${max}`);
}
