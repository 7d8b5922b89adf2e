/**
 * What an object keeps in memory, loaded from its rows. If a row could not be written, or a handler broke off halfway, the two may
 * disagree: that memory is not trusted or stored any more, and the next event starts from what is stored, as it does after a kill. This is
 * one rule for all objects, because they are tested against kills anyway.
 */
import { MeshError } from "../schema/errors.ts";
import { isProgrammingError } from "./programming-error.ts";
import type { ObjectRuntime, StoragePort, Stored } from "./runtime.ts";
import { StorageError } from "./storage-error.ts";

interface Life<Loaded> {
  readonly storage: StoragePort;
  readonly loaded: Loaded;
}

export class Memory<Store, Loaded> {
  readonly #open: () => Stored<Store>;
  readonly #load: (stored: Stored<Store>, broken: Loaded | null) => Loaded;
  /** Null until the first event. If loading fails, that event fails, and an alarm brings another one. */
  #life: Life<Loaded> | null = null;

  /**
   * @param load builds the memory from the rows; everything it builds writes only through them. `broken` is the memory of the last life, if
   *   that broke off: only data that is in no row may be taken from it
   */
  constructor(
    runtime: Pick<ObjectRuntime<Store>, "open">,
    load: (stored: Stored<Store>, broken: Loaded | null) => Loaded,
  ) {
    this.#open = () => runtime.open();
    this.#load = load;
  }

  /** What is in memory now, trusted or not; null if nothing is. */
  get current(): Loaded | null {
    return this.#life?.loaded ?? null;
  }

  /** Why it cannot be trusted any more; null while it can. */
  get failure(): unknown {
    return this.#life?.storage.failure ?? null;
  }

  /** The same, loaded first if it is not in memory or cannot be trusted. */
  get loaded(): Loaded {
    return this.#trusted.loaded;
  }

  /** What is in memory; null if nothing is, or if it cannot be trusted. Loads nothing. */
  get standing(): Loaded | null {
    return this.#life?.storage.failure === null ? this.#life.loaded : null;
  }

  /** The next event starts from what is stored. */
  reload(): void {
    this.#life = null;
  }

  /** An alarm or row that memory relies on could not be set: memory cannot be trusted any more. */
  fail(error: unknown): void {
    this.#life?.storage.fail(new StorageError(error));
  }

  /** The effects of a handler could not be carried out: its rows stand, and memory is loaded again. */
  end(error: unknown): void {
    this.#life?.storage.end(error);
  }

  get #trusted(): Life<Loaded> {
    let life = this.#life;
    if (life === null || life.storage.failure !== null) {
      const stored = this.#open();
      life = { storage: stored.storage, loaded: this.#load(stored, life?.loaded ?? null) };
      this.#life = life;
    }
    return life;
  }

  /**
   * Runs a synchronous handler. What it wrote may not be durable when it returns: see `StoragePort.gate`.
   *
   * @param options.isAtomic If the handler breaks off, none of its rows stay, and the object and its sockets live on: see
   *   `StoragePort.atomic`
   * @throws StorageError if a row could not be written or read
   */
  run<Answer>(handler: (loaded: Loaded) => Answer, { isAtomic = false } = {}): Answer {
    const { loaded, storage } = this.#trusted;
    const whole = () => {
      const answer = handler(loaded);
      check(storage);
      return answer;
    };
    try {
      return isAtomic ? storage.atomic(whole) : whole();
    } catch (error) {
      // After a refusal by the core, memory and rows agree.
      throw error instanceof MeshError ? (storage.failure ?? error) : storage.fail(error);
    }
  }

  /** The same; returns the answer once all that was written is durable. */
  async answer<Answer>(
    handler: (loaded: Loaded) => Answer,
    options?: { readonly isAtomic?: boolean },
  ): Promise<Answer> {
    const { storage } = this.#trusted;
    const answer = this.run(handler, options);
    await durable(storage);
    return answer;
  }

  /**
   * Runs a handler that calls other objects, so that most of its failures are theirs. Returns its answer once all that was written is durable.
   *
   * @throws StorageError if a row could not be written or read meanwhile, by this handler or another
   */
  async call<Answer>(handler: (loaded: Loaded) => Promise<Answer>): Promise<Answer> {
    const { loaded, storage } = this.#trusted;
    try {
      const answer = await handler(loaded);
      await durable(storage);
      return answer;
    } catch (error) {
      throw isProgrammingError(error) ? storage.fail(error) : (storage.failure ?? error);
    }
  }
}

/** @throws the failure of this life, if any: memory that is ahead of its rows must not be stored or answered from */
function check({ failure }: StoragePort): void {
  if (failure !== null) throw failure;
}

/**
 * Resolves when all that an object wrote is on disk.
 *
 * @throws StorageError if something could not be stored, now or earlier
 */
export async function durable(storage: StoragePort): Promise<void> {
  const gate = storage.gate();
  if (gate !== null) await gate;
  check(storage);
}
