/** Requests to the push service that wait for their answer. */
import { PushError, type PushErrorData } from "../errors.ts";
import type { Answer } from "../port.ts";

interface Waiter {
  resolve(value: Answer): void;
  reject(error: unknown): void;
}

export class Requests {
  readonly #waiting = new Map<number, Waiter>();
  #next = 1;

  /**
   * Makes a request: `post` gets its number. If the signal fires first, it rejects with the signal's reason, and `cancel` gets
   * the number: a request that is not on its way to the mesh is dropped.
   */
  make(
    post: (request: number) => void,
    cancel: (request: number) => void,
    signal: AbortSignal | undefined,
  ): Promise<Answer> {
    const request = this.#next++;
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    if (signal?.aborted) return Promise.reject(signal.reason);
    const onAbort = () => {
      this.#waiting.delete(request);
      cancel(request);
      reject(signal?.reason);
    };
    signal?.addEventListener("abort", onAbort);
    this.#waiting.set(request, { resolve, reject });
    // A signal that fires in this turn still cancels it. Every request is posted this way, so they keep their order.
    queueMicrotask(() => {
      if (!signal?.aborted) post(request);
    });
    return promise.finally(() => signal?.removeEventListener("abort", onAbort));
  }

  done(request: number, value: Answer): void {
    this.#take(request)?.resolve(value);
  }

  failed(request: number, error: PushErrorData): void {
    this.#take(request)?.reject(new PushError(error));
  }

  failAll(error: PushErrorData): void {
    for (const request of [...this.#waiting.keys()]) this.failed(request, error);
  }

  #take(request: number): Waiter | undefined {
    const waiter = this.#waiting.get(request);
    this.#waiting.delete(request);
    return waiter;
  }
}
