/** The client of app servers. */
import type { Signer } from "http-message-sig";
import type { SendAnswerBody, SendBodyInput, StatusAnswerBody } from "../../schema/http.ts";
import { LIMITS } from "../../schema/limits.ts";
import { toBase64Url } from "../../schema/text.ts";
import { callMesh, meshOrigin, SERVER_HOST, type ServerHost } from "./call.ts";
import { optionError, PushServerError } from "./errors.ts";
import { signRequest } from "./sign.ts";
import { type SendingKey, signerOf } from "./signer.ts";

export interface PushServerOptions {
  /** Origin of the mesh, such as `https://push.example.com`. */
  readonly url: string;
  /** `<appId>.k<n>`, as `pushmesh key create` printed it. */
  readonly keyId: string;
  readonly key: SendingKey;
  /** Tries of one call, 1 to 10. Default 3. */
  readonly attempts?: number;
  /** In place of the host's own fetch, clock, random and timer. */
  readonly host?: Partial<ServerHost>;
}

export interface SendOptions {
  /**
   * Makes two calls one message, as long as the mesh remembers the first (docs/api.md). 1 to 128 visible ASCII
   * characters. Default: random, so that only the retries inside one call are one message.
   */
  readonly idempotencyKey?: string;
  /** Seconds to wait for the device's acknowledgement, 0 to 20. Default: the mesh's, 5. */
  readonly wait?: number;
  /** Answer as soon as the message is durable, without waiting for the device; not together with `wait`. */
  readonly respondAsync?: boolean;
}

/** Random bytes of an idempotency key. */
const IDEMPOTENCY_BYTES = 16;
/** What a call may take beyond the wait it asked for. */
const TIMEOUT_MS = 10_000;
/** Full jitter: the first pause is 0 to this, and the bound doubles with each. */
const BACKOFF_MS = 250;
/** A mesh that asks for a longer pause is not waited for: the caller has a better place to queue. */
const RETRY_AFTER_MAX_MS = 10_000;
const ATTEMPTS_DEFAULT = 3;
const ATTEMPTS_MAX = 10;

const utf8 = new TextEncoder();

function preferOf({ wait, respondAsync }: SendOptions): string | null {
  if (wait === undefined) return respondAsync === true ? "respond-async" : null;
  if (respondAsync === true) throw optionError("give wait or respondAsync, not both");
  if (!Number.isInteger(wait) || wait < 0 || wait * 1_000 > LIMITS.ACK_WAIT_MAX_MS) {
    throw optionError(
      `wait: ${wait} must be whole seconds, 0 to ${LIMITS.ACK_WAIT_MAX_MS / 1_000}`,
    );
  }
  return `wait=${wait}`;
}

/**
 * Sends messages to registrations of one app. It keeps no connection and no timers; make one and share it.
 * Runs in Node, Deno, Bun, Workers and browsers (though a sending key does not belong in one).
 *
 * @example
 * const push = new PushServer({ url: "https://push.example.com", keyId: "….k1", key: process.env.PUSH_SECRET });
 * const { id, status } = await push.send({ to: regId, data: { title: "Hello" }, ttl: 3600 });
 * // status is "delivered" once the device has it, or "queued" once it is stored
 */
export class PushServer {
  readonly #origin: string;
  readonly #keyId: string;
  readonly #key: SendingKey;
  readonly #attempts: number;
  readonly #host: ServerHost;
  #signer: Promise<Signer> | undefined;

  /** @throws PushServerError `option_invalid` */
  constructor({ url, keyId, key, attempts = ATTEMPTS_DEFAULT, host = {} }: PushServerOptions) {
    if (!Number.isInteger(attempts) || attempts < 1 || attempts > ATTEMPTS_MAX) {
      throw optionError(`attempts: ${attempts} must be 1 to ${ATTEMPTS_MAX}`);
    }
    this.#origin = meshOrigin(url);
    this.#keyId = keyId;
    this.#key = key;
    this.#attempts = attempts;
    this.#host = { ...SERVER_HOST, ...host };
  }

  /**
   * Sends a message to one registration. Where the network or the mesh fails, it tries again with the same
   * idempotency key: the message is delivered once, whichever of the tries arrived.
   *
   * @returns The message's ID, its status and the milliseconds the mesh took.
   * @throws PushServerError `unregistered` where the regId is to be deleted; every code is in docs/errors.md.
   */
  async send(message: SendBodyInput, options: SendOptions = {}): Promise<SendAnswerBody> {
    const prefer = preferOf(options);
    const random = crypto.getRandomValues(new Uint8Array(IDEMPOTENCY_BYTES));
    const idempotencyKey = options.idempotencyKey ?? toBase64Url(random);
    const headers = { "content-type": "application/json", "idempotency-key": idempotencyKey };
    const waitMs = options.wait === undefined ? LIMITS.ACK_WAIT_DEFAULT_MS : options.wait * 1_000;
    try {
      return await this.#call<SendAnswerBody>("POST", "/v1/messages", {
        headers: prefer === null ? headers : { ...headers, prefer },
        body: utf8.encode(JSON.stringify(message)),
        timeoutMs: TIMEOUT_MS + waitMs,
      });
    } catch (error) {
      throw error instanceof PushServerError
        ? new PushServerError({ ...init(error), idempotencyKey })
        : error;
    }
  }

  /**
   * Asks what became of a message.
   *
   * @param id - As `send` answered it.
   * @throws PushServerError `message_not_found` where the mesh keeps no record of it any more.
   */
  status(id: string): Promise<StatusAnswerBody> {
    const path = `/v1/messages/${encodeURIComponent(id)}`;
    return this.#call("GET", path, { headers: {}, body: null, timeoutMs: TIMEOUT_MS });
  }

  async #call<T>(
    method: string,
    path: string,
    request: {
      readonly headers: Readonly<Record<string, string>>;
      readonly body: BufferSource | null;
      readonly timeoutMs: number;
    },
  ): Promise<T> {
    const url = this.#origin + path;
    this.#signer ??= signerOf(this.#key);
    const signer = await this.#signer;
    for (let attempt = 1; ; attempt++) {
      // Signed anew: a signature is good for minutes only, and its age is not the retry's fault.
      const headers = new Headers(request.headers);
      const created = Math.floor(this.#host.now() / 1_000);
      await signRequest(method, url, headers, request.body, {
        keyId: this.#keyId,
        signer,
        created,
      });
      try {
        const { body } = request;
        return await callMesh<T>(this.#host, url, { method, headers, body }, request.timeoutMs);
      } catch (error) {
        const pause = attempt < this.#attempts ? this.#pauseAfter(error, attempt) : undefined;
        if (pause === undefined) throw error;
        await this.#host.sleep(pause);
      }
    }
  }

  /** How long to wait before the next try; undefined where there is to be none. */
  #pauseAfter(error: unknown, attempt: number): number | undefined {
    if (!(error instanceof PushServerError) || error.retry !== "later") return undefined;
    // 409 and 429 ask for a decision of the caller's; what is left is the network and the mesh itself.
    if (error.status !== undefined && error.status < 500) return undefined;
    const asked = error.retryAfterMs ?? 0;
    if (asked > RETRY_AFTER_MAX_MS) return undefined;
    return asked + this.#host.random() * BACKOFF_MS * 2 ** (attempt - 1);
  }
}

function init(error: PushServerError): ConstructorParameters<typeof PushServerError>[0] {
  const { code, message, retry, status, problem, retryAfterMs, cause } = error;
  return { code, message, retry, status, problem, retryAfterMs, cause };
}
