/**
 * Writes of one client to its storage, gathered: what comes while a write is under way goes into the next one together. What fails
 * is tried again, until it is stored.
 */
import { RETRY_BASE_MS, RETRY_MAX_MS } from "../constants.ts";
import type { Host } from "../host.ts";
import type { Storage, Stored } from "./storage.ts";

/** The value when it is written; undefined deletes it. */
type Text = () => string | undefined;

export class BatchedStorage {
  readonly #storage: Storage;
  readonly #onError: (error: unknown) => void;
  /** Spaces out the tries of what failed; undefined where it is not tried again by itself. */
  #host: Pick<Host, "after" | "random"> | undefined;
  /** By key: what no write has taken yet. */
  readonly #waiting = new Map<string, Text>();
  /** A write will take it. */
  #isExpected = false;
  /** That write; the one before it may be under way. */
  #last: Promise<void> = Promise.resolve();
  /** Writes that failed since one did not. */
  #failures = 0;
  #cancelRetry: (() => void) | undefined;

  /** @param onError Takes the errors of writing, at most one of each batch. */
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

  /** `settled` says when it is stored. */
  put(key: string, text: Text): void {
    this.#waiting.set(key, text);
    this.#start();
  }

  /** Resolves when everything put so far is stored, or could not be; what failed before is tried once more. Never rejects. */
  settled(): Promise<void> {
    if (this.#waiting.size > 0) this.#start();
    return this.#last;
  }

  /** What fails is not tried again by itself any more: its client has left, or the storage is another one's now. */
  stop(): void {
    this.#host = undefined;
    this.#cancelRetry?.();
  }

  #start(): void {
    if (this.#isExpected) return;
    this.#isExpected = true;
    this.#last = this.#write(this.#last);
  }

  async #write(before: Promise<void>): Promise<void> {
    // A burst of one turn gathers meanwhile, too.
    await before;
    this.#isExpected = false;
    this.#cancelRetry?.();
    const batch = [...this.#waiting];
    this.#waiting.clear();
    let failed: { readonly error: unknown } | undefined;
    const store = ([key, text]: [string, Text]): Promise<void> =>
      this.#store(key, text()).catch((error: unknown) => {
        // With the next batch.
        if (!this.#waiting.has(key)) this.#waiting.set(key, text);
        failed ??= { error };
      });
    await Promise.all(batch.map(store));
    if (!failed) {
      this.#failures = 0;
      return;
    }
    this.#onError(failed.error);
    const host = this.#host;
    const waitMs = Math.min(RETRY_MAX_MS, RETRY_BASE_MS * 2 ** this.#failures++);
    this.#cancelRetry = host?.after(waitMs * (1 - host.random() / 2), () => this.#start());
  }

  #store(key: string, text: string | undefined): Promise<void> {
    return text === undefined ? this.#storage.delete(key) : this.#storage.set(key, text);
  }
}
