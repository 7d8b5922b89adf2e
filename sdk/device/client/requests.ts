/** Requests of a client to the push service, each with its answer. */
import { SUBSCRIBE_TAGS } from "../constants.ts";
import { CLOSED, optionInvalid, PushError, type PushErrorData } from "../errors.ts";
import type { Answer, ClientPort, Command } from "../port.ts";
import { type CallOptions, callError } from "./options.ts";

interface Waiter {
  resolve(value: Answer): void;
  reject(error: unknown): void;
}

export class Requests {
  readonly #port: Pick<ClientPort, "postMessage">;
  readonly #waiting = new Map<number, Waiter>();
  #next: number;
  #isClosed = false;
  /** What the next requests wait for. */
  #held: Promise<unknown> | undefined;

  /** @param first the number of the first request */
  constructor(port: Pick<ClientPort, "postMessage">, first = 1) {
    this.#port = port;
    this.#next = first;
  }

  /**
   * Makes a request. If the signal fires before the answer, it rejects with the signal's reason, and the push service drops the request
   * unless it is on its way to the mesh. After `close` it rejects with `client_closed`.
   *
   * @param waits false if it does not wait for what others wait for
   */
  make(
    command: Command | { readonly kind: "ping" },
    options: CallOptions,
    waits = command.kind !== "ping",
  ): Promise<Answer> {
    const error = this.#isClosed ? new PushError(CLOSED) : callError(options);
    if (error !== undefined) return Promise.reject(error);
    const { signal } = options;
    const request = this.#next++;
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    if (signal?.aborted) return Promise.reject(signal.reason);
    const onAbort = () => {
      this.#waiting.delete(request);
      this.#port.postMessage({ kind: "cancel", request });
      reject(signal?.reason);
    };
    signal?.addEventListener("abort", onAbort);
    this.#waiting.set(request, { resolve, reject });
    // A signal that fires in this turn still cancels it. Every request is posted this way, so they keep their order.
    const post = () => {
      if (this.#waiting.has(request)) this.#port.postMessage({ ...command, request });
    };
    if (this.#held && waits) void this.#held.then(post);
    else queueMicrotask(post);
    return promise.finally(() => signal?.removeEventListener("abort", onAbort));
  }

  /** Posts the requests to come, in their order, once `act` has settled, which never rejects, and begins when those before are posted. */
  hold(act: () => Promise<unknown>): void {
    const held = Promise.resolve(this.#held)
      .then(act)
      .then(() => {
        if (this.#held === held) this.#held = undefined;
      });
    this.#held = held;
  }

  /** Joins (`add`) or leaves (`remove`) tags, in as many commands as they need, one after another. */
  async changeTags(
    tags: string | readonly string[],
    how: "add" | "remove",
    options: CallOptions,
  ): Promise<void> {
    const names = [...new Set([tags].flat())];
    if (names.some((name) => typeof name !== "string"))
      throw optionInvalid("tags: must be a text, or a list of texts");
    while (names.length > 0) {
      const change = { add: [], remove: [], [how]: names.splice(0, SUBSCRIBE_TAGS) };
      await this.make({ kind: "subscribe", ...change }, options);
    }
  }

  done(request: number, value: Answer): void {
    this.#take(request)?.resolve(value);
  }

  failed(request: number, error: PushErrorData): void {
    this.#take(request)?.reject(new PushError(error));
  }

  /** Fails all requests, and those made from now on, with `client_closed`. */
  close(): void {
    this.#isClosed = true;
    for (const request of [...this.#waiting.keys()]) this.failed(request, CLOSED);
  }

  #take(request: number): Waiter | undefined {
    const waiter = this.#waiting.get(request);
    this.#waiting.delete(request);
    return waiter;
  }
}
