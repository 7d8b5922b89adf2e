/** Signed calls of an app server to the mesh: each signed anew, and tried again where that can help. */
import type { Signer } from "http-message-sig";
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

export interface SignedRequest {
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Of one try; 10 s unless told. */
  readonly timeoutMs?: number;
}

/** What a call may take beyond a wait that it asked for. */
export const TIMEOUT_MS = 10_000;
/** Full jitter: the first pause is 0 to this, and the bound doubles with each. */
const BACKOFF_MS = 250;
/** A mesh that asks for a longer pause is not waited for: the caller has a better place to queue. */
const RETRY_AFTER_MAX_MS = 10_000;
const ATTEMPTS_DEFAULT = 3;
const ATTEMPTS_MAX = 10;

const utf8 = new TextEncoder();

export class SignedCalls {
  readonly keyId: string;
  readonly host: ServerHost;
  readonly #origin: string;
  readonly #key: SendingKey;
  readonly #attempts: number;
  #signer: Promise<Signer> | undefined;

  /** @throws PushServerError `option_invalid` */
  constructor({ url, keyId, key, attempts = ATTEMPTS_DEFAULT, host = {} }: PushServerOptions) {
    if (!Number.isInteger(attempts) || attempts < 1 || attempts > ATTEMPTS_MAX) {
      throw optionError(`attempts: ${attempts} must be 1 to ${ATTEMPTS_MAX}`);
    }
    this.#origin = meshOrigin(url);
    this.keyId = keyId;
    this.#key = key;
    this.#attempts = attempts;
    this.host = { ...SERVER_HOST, ...host };
  }

  /** Signs with the sending key. */
  signer(): Promise<Signer> {
    this.#signer ??= signerOf(this.#key);
    return this.#signer;
  }

  /** @throws PushServerError what the mesh, or the network, says after the last try. */
  async call<T>(method: string, path: string, request: SignedRequest = {}): Promise<T> {
    const url = this.#origin + path;
    const signer = await this.signer();
    const isJson = request.body !== undefined;
    const body = isJson ? utf8.encode(JSON.stringify(request.body)) : null;
    for (let attempt = 1; ; attempt++) {
      // Signed anew: a signature is good for minutes only, and its age is not the retry's fault.
      const headers = new Headers(request.headers);
      if (isJson) headers.set("content-type", "application/json");
      const created = Math.floor(this.host.now() / 1_000);
      await signRequest(method, url, headers, body, { keyId: this.keyId, signer, created });
      try {
        const timeoutMs = request.timeoutMs ?? TIMEOUT_MS;
        return await callMesh<T>(this.host, url, { method, headers, body }, timeoutMs);
      } catch (error) {
        const pause = attempt < this.#attempts ? this.#pauseAfter(error, attempt) : undefined;
        if (pause === undefined) throw error;
        await this.host.sleep(pause);
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
    return asked + this.host.random() * BACKOFF_MS * 2 ** (attempt - 1);
  }
}
