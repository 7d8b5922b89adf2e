/** Calls of a client that wait for the engine, and are made again at the next one if theirs is lost: all of them describe a wanted state. */
import { type CallOptions, callError } from "../client/options.ts";
import { LIVENESS_MS } from "../constants.ts";
import { CLOSED, PushError, type PushErrorData } from "../errors.ts";
import type { Host } from "../host.ts";
import type { Call, CallName, ToEnginePort } from "./protocol.ts";

interface Waiting {
  readonly call: Call;
  resolve(value: unknown): void;
  reject(error: unknown): void;
  /** Ends the wait for a sign of life. */
  stop(): void;
}

export class Calls {
  readonly #host: Pick<Host, "after">;
  readonly #onSilence: () => void;
  /** In the order of the calls. */
  readonly #waiting = new Map<number, Waiting>();
  #port: Pick<ToEnginePort, "postMessage"> | undefined;
  #next = 1;
  #isClosed = false;

  /** @param onSilence called if the engine gives no sign of life after a call */
  constructor(host: Pick<Host, "after">, onSilence: () => void) {
    this.#host = host;
    this.#onSilence = onSilence;
  }

  /** Makes the calls that wait, and those to come, at this engine. */
  attach(port: Pick<ToEnginePort, "postMessage">): void {
    this.#port = port;
    for (const number of this.#waiting.keys()) this.#post(number);
  }

  /** As `Requests.make`: rejects with the signal's reason as soon as it fires, and with `client_closed` after `close`. */
  make(name: CallName, args: readonly unknown[], given: CallOptions = {}): Promise<unknown> {
    const error = this.#isClosed ? new PushError(CLOSED) : callError(given);
    if (error !== undefined) return Promise.reject(error);
    const { signal, ...options } = given;
    if (signal?.aborted) return Promise.reject(signal.reason);
    const number = this.#next++;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#waiting.set(number, { call: { name, args, options }, resolve, reject, stop: () => {} });
    const onAbort = (): void => {
      this.#take(number)?.reject(signal?.reason);
      this.#port?.postMessage({ kind: "cancel", call: number });
    };
    signal?.addEventListener("abort", onAbort);
    // A signal that fires in this turn still cancels it.
    queueMicrotask(() => this.#post(number));
    return promise.finally(() => signal?.removeEventListener("abort", onAbort));
  }

  /** The engine is at work on it. */
  got(number: number): void {
    this.#waiting.get(number)?.stop();
  }

  settle(number: number, value: unknown, error: PushErrorData | undefined): void {
    const waiting = this.#take(number);
    if (error === undefined) waiting?.resolve(value);
    else waiting?.reject(new PushError(error));
  }

  /** Fails all calls, and those made from now on, with `client_closed`. */
  close(): void {
    this.#isClosed = true;
    for (const number of [...this.#waiting.keys()]) this.settle(number, undefined, CLOSED);
  }

  #post(number: number): void {
    const waiting = this.#waiting.get(number);
    if (waiting === undefined || this.#port === undefined) return;
    waiting.stop();
    waiting.stop = this.#host.after(LIVENESS_MS, this.#onSilence);
    try {
      this.#port.postMessage({ kind: "call", call: number, ...waiting.call });
    } catch (cause) {
      // What cannot be cloned is no option that we know.
      const message = `${waiting.call.name}: ${cause}`;
      this.settle(number, undefined, { code: "option_invalid", message, retry: "never", cause });
    }
  }

  #take(number: number): Waiting | undefined {
    const waiting = this.#waiting.get(number);
    waiting?.stop();
    this.#waiting.delete(number);
    return waiting;
  }
}
