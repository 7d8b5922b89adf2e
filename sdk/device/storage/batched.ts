/** Writes of one client to its storage, gathered: what comes while a write is under way goes into the next one together. */
import type { Storage, Stored } from "./storage.ts";

/** The value when it is written; undefined deletes it. */
type Text = () => string | undefined;

export class BatchedStorage {
  readonly #storage: Storage;
  readonly #onError: (error: unknown) => void;
  /** By key: what no write has taken yet. */
  readonly #waiting = new Map<string, Text>();
  /** A write will take it. */
  #isExpected = false;
  /** That write; the one before it may be under way. */
  #last: Promise<void> = Promise.resolve();

  /** @param onError Takes the errors of writing, at most one of each batch. */
  constructor(storage: Storage, onError: (error: unknown) => void) {
    this.#storage = storage;
    this.#onError = onError;
  }

  get(key: string): Promise<Stored | undefined> {
    return this.#storage.get(key);
  }

  /** `settled` says when it is stored. */
  put(key: string, text: Text): void {
    this.#waiting.set(key, text);
    if (this.#isExpected) return;
    this.#isExpected = true;
    this.#last = this.#write(this.#last);
  }

  /** Resolves when everything put so far is stored, or could not be; never rejects. */
  settled(): Promise<void> {
    return this.#last;
  }

  async #write(before: Promise<void>): Promise<void> {
    // A burst of one turn gathers meanwhile, too.
    await before;
    this.#isExpected = false;
    const batch = [...this.#waiting];
    this.#waiting.clear();
    const store = ([key, text]: [string, Text]): Promise<void> =>
      this.#store(key, text()).catch((error: unknown) => {
        // With the next batch, which is tried whenever something else is put.
        if (!this.#waiting.has(key)) this.#waiting.set(key, text);
        throw error;
      });
    await Promise.all(batch.map(store)).catch(this.#onError);
  }

  #store(key: string, text: string | undefined): Promise<void> {
    return text === undefined ? this.#storage.delete(key) : this.#storage.set(key, text);
  }
}
