/**
 * Batches the writes of one client to its storage: what is put during a write goes into the next one together. Failed writes are
 * retried until they succeed.
 */
import { RETRY_BASE_MS, RETRY_MAX_MS } from "../constants.ts";
import type { Host } from "../host.ts";
import type { Storage, Stored } from "./storage.ts";

/** Returns the value at the time of writing; undefined deletes it. */
type Text = () => string | undefined | Promise<string | undefined>;

export class BatchedStorage {
  readonly #storage: Storage;
  readonly #onError: (error: unknown) => void;
  /** Spaces out retries; undefined if nothing is retried automatically. */
  #host: Pick<Host, "after" | "random"> | undefined;
  /** By key: values that no write has picked up yet. */
  readonly #waiting = new Map<string, Text>();
  /** A write is scheduled. */
  #isExpected = false;
  /** The scheduled write; the previous one may be in progress. */
  #last: Promise<unknown> = Promise.resolve();
  /** Consecutive failed writes. */
  #failures = 0;
  #cancelRetry: (() => void) | undefined;

  /** @param onError Receives write errors, at most one per batch. */
  constructor(
    storage: Storage,
    onError: (error: unknown) => void,
    host: Pick<Host, "after" | "random">,
  ) {
    this.#storage = storage;
    this.#onError = onError;
    this.#host = host;
  }

  get(key: string): Promise<Stored | undefined> {
    return this.#storage.get(key);
  }

  /** `settled` resolves when it is stored. */
  put(key: string, text: Text): void {
    this.#waiting.set(key, text);
    this.#start();
  }

  /**
   * Resolves when everything put so far is stored, or with an error if a write has failed; earlier failures are retried once. Never
   * rejects.
   */
  settled(): Promise<unknown> {
    if (this.#waiting.size > 0) this.#start();
    return this.#last;
  }

  /** Stops automatic retries: the client has left, or the storage belongs to another one now. */
  stop(): void {
    this.#host = undefined;
    this.#cancelRetry?.();
  }

  #start(): void {
    if (this.#isExpected) return;
    this.#isExpected = true;
    this.#last = this.#write(this.#last);
  }

  async #write(before: Promise<unknown>): Promise<unknown> {
    // Meanwhile a burst of one turn is collected.
    await before;
    this.#isExpected = false;
    this.#cancelRetry?.();
    const batch = [...this.#waiting];
    this.#waiting.clear();
    let failed: { readonly error: unknown } | undefined;
    const store = async ([key, text]: [string, Text]): Promise<void> => {
      try {
        const value = await text();
        await (value === undefined ? this.#storage.delete(key) : this.#storage.set(key, value));
      } catch (error) {
        // With the next batch.
        if (!this.#waiting.has(key)) this.#waiting.set(key, text);
        failed ??= { error };
      }
    };
    await Promise.all(batch.map(store));
    if (!failed) {
      this.#failures = 0;
      return undefined;
    }
    this.#onError(failed.error);
    const host = this.#host;
    const waitMs = Math.min(RETRY_MAX_MS, RETRY_BASE_MS * 2 ** this.#failures++);
    this.#cancelRetry = host?.after(waitMs * (1 - host.random() / 2), () => this.#start());
    return failed.error;
  }
}
