/**
 * What an object has in memory, made of its rows. Where a row could not be written, or a handler broke off halfway, the two may
 * disagree: nothing of that memory is trusted or stored any more, and the next event begins anew with what is stored, as
 * after a kill. One rule for all objects, which are proven against kills.
 */
import { MeshError } from "../schema/errors.ts";
import { isMistake } from "./mistake.ts";
import { Rows, StorageError } from "./storage/rows.ts";

export class Memory<Loaded> {
  readonly #ctx: DurableObjectState;
  readonly #load: (rows: Rows, broken: Loaded | null) => Loaded;
  /** Null until the first event: what cannot be loaded fails that, and an alarm sees to it that another comes. */
  #life: { readonly rows: Rows; readonly loaded: Loaded } | null = null;

  /**
   * @param load makes it of the rows; it and what it makes write by them alone. `broken` is what broke off, where something did: of what
   *   it says only that is true which no row says
   */
  constructor(ctx: DurableObjectState, load: (rows: Rows, broken: Loaded | null) => Loaded) {
    this.#ctx = ctx;
    this.#load = load;
  }

  /** As it is stored. */
  get loaded(): Loaded {
    return this.#current.loaded;
  }

  /** The next event begins anew with what is stored. */
  reload(): void {
    this.#life = null;
  }

  /** What was said of a row (that the alarm is set) turned out not to be so. */
  fail(error: unknown): void {
    this.#life?.rows.fail(new StorageError(error));
  }

  /** What came of a handler could not be carried out: its rows stand, and memory begins anew with them. */
  end(error: unknown): void {
    this.#life?.rows.end(error);
  }

  get #current() {
    let life = this.#life;
    if (life === null || life.rows.failure !== null) {
      const rows = new Rows(this.#ctx);
      life = { rows, loaded: this.#load(rows, life?.loaded ?? null) };
      this.#life = life;
    }
    return life;
  }

  /**
   * Runs a handler that is over when it returns.
   *
   * @param options.isAtomic - That it breaks off leaves none of its rows, and the object as it was, its sockets too: see `Rows.atomic`
   * @throws StorageError where a row could not be written or read
   */
  run<Answer>(handler: (loaded: Loaded) => Answer, { isAtomic = false } = {}): Answer {
    const { loaded, rows } = this.#current;
    const whole = () => {
      const answer = handler(loaded);
      rows.check();
      return answer;
    };
    try {
      return isAtomic ? rows.atomic(whole) : whole();
    } catch (error) {
      // Where the core refuses something it has seen to everything itself.
      throw error instanceof MeshError ? (rows.failure ?? error) : rows.fail(error);
    }
  }

  /**
   * Runs a handler that calls others, and whose failures are mostly theirs.
   *
   * @throws StorageError where a row could not be written or read, meanwhile and by whomever
   */
  async call<Answer>(handler: (loaded: Loaded) => Promise<Answer>): Promise<Answer> {
    const { loaded, rows } = this.#current;
    try {
      const answer = await handler(loaded);
      rows.check();
      return answer;
    } catch (error) {
      throw isMistake(error) ? rows.fail(error) : (rows.failure ?? error);
    }
  }
}
