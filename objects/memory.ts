/**
 * What an object has in memory, made of its rows. Where a row could not be written, or a handler broke off halfway, the two may
 * disagree: nothing of that memory is trusted or stored any more, and the next event begins anew with what is stored, as
 * after a kill. One rule for all objects, which are proven against kills.
 */
import { MeshError } from "../schema/errors.ts";
import { isMistake } from "./mistake.ts";
import type { ObjectRuntime, StoragePort, Stored } from "./runtime.ts";
import { StorageError } from "./storage-error.ts";

interface Life<Loaded> {
  readonly storage: StoragePort;
  readonly loaded: Loaded;
}

export class Memory<Store, Loaded> {
  readonly #open: () => Stored<Store>;
  readonly #load: (stored: Stored<Store>, broken: Loaded | null) => Loaded;
  /** Null until the first event: what cannot be loaded fails that, and an alarm sees to it that another comes. */
  #life: Life<Loaded> | null = null;

  /**
   * @param load makes it of the rows; it and what it makes write by them alone. `broken` is what broke off, where something did: of what
   *   it says only that is true which no row says
   */
  constructor(
    runtime: Pick<ObjectRuntime<Store>, "open">,
    load: (stored: Stored<Store>, broken: Loaded | null) => Loaded,
  ) {
    this.#open = () => runtime.open();
    this.#load = load;
  }

  /** What is in memory by now, trusted or not; null where nothing is. */
  get current(): Loaded | null {
    return this.#life?.loaded ?? null;
  }

  /** Why that is not to be trusted any more; null while it is. */
  get failure(): unknown {
    return this.#life?.storage.failure ?? null;
  }

  /** As it is stored. */
  get loaded(): Loaded {
    return this.#trusted.loaded;
  }

  /** The same, where it was loaded and nothing broke off; it is not loaded for this. */
  get standing(): Loaded | null {
    return this.#life?.storage.failure === null ? this.#life.loaded : null;
  }

  /** The next event begins anew with what is stored. */
  reload(): void {
    this.#life = null;
  }

  /** An alarm or row that memory counts on could not be set: memory is not trusted any more. */
  fail(error: unknown): void {
    this.#life?.storage.fail(new StorageError(error));
  }

  /** The effects of a handler could not be carried out: its rows stand, and memory is loaded anew. */
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
   * Runs a handler that is over when it returns. What it wrote may not be durable by then: see `StoragePort.gate`.
   *
   * @param options.isAtomic - That it breaks off leaves none of its rows, and the object as it was, its sockets too: see
   *   `StoragePort.atomic`
   * @throws StorageError where a row could not be written or read
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
      // Where the core refuses something it has seen to everything itself.
      throw error instanceof MeshError ? (storage.failure ?? error) : storage.fail(error);
    }
  }

  /** Runs a handler likewise; what it answers is durable. */
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
   * Runs a handler that calls others, and whose failures are mostly theirs. What it answers is durable.
   *
   * @throws StorageError where a row could not be written or read, meanwhile and by whomever
   */
  async call<Answer>(handler: (loaded: Loaded) => Promise<Answer>): Promise<Answer> {
    const { loaded, storage } = this.#trusted;
    try {
      const answer = await handler(loaded);
      await durable(storage);
      return answer;
    } catch (error) {
      throw isMistake(error) ? storage.fail(error) : (storage.failure ?? error);
    }
  }
}

/** @throws what failed before: of what is ahead of its rows nothing more may be stored or answered */
function check({ failure }: StoragePort): void {
  if (failure !== null) throw failure;
}

/**
 * Resolves when all that an object wrote is on disk.
 *
 * @throws StorageError where it could not be stored, now or earlier
 */
export async function durable(storage: StoragePort): Promise<void> {
  const gate = storage.gate();
  if (gate !== null) await gate;
  check(storage);
}
