/** Requests to the push service that wait for their answer. */
import { PushError, type PushErrorData } from "../errors.ts";

interface Waiter {
  resolve(value: string | number): void;
  reject(error: unknown): void;
}

export class Requests {
  readonly #waiting = new Map<number, Waiter>();
  #next = 1;

  /** Makes a request: `post` gets its number. Rejects with the signal's reason where that comes first. */
  make(post: (request: number) => void, signal: AbortSignal | undefined): Promise<string | number> {
    if (signal?.aborted === true) return Promise.reject(signal.reason);
    const request = this.#next++;
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        this.#waiting.delete(request);
        reject(signal?.reason);
      };
      const settle = (): void => {
        this.#waiting.delete(request);
        signal?.removeEventListener("abort", abort);
      };
      signal?.addEventListener("abort", abort);
      this.#waiting.set(request, {
        resolve: (value) => {
          settle();
          resolve(value);
        },
        reject: (error) => {
          settle();
          reject(error);
        },
      });
      post(request);
    });
  }

  done(request: number, value: string | number): void {
    this.#waiting.get(request)?.resolve(value);
  }

  failed(request: number, error: PushErrorData): void {
    this.#waiting.get(request)?.reject(new PushError(error));
  }

  failAll(error: PushErrorData): void {
    for (const request of [...this.#waiting.keys()]) this.failed(request, error);
  }
}
