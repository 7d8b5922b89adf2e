/** Loads that several requests share. */
import { MeshError } from "../schema/errors.ts";
import { LIMITS } from "../schema/limits.ts";

interface Load<Value> {
  readonly value: Promise<Value>;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
}

export interface LoadsOptions {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Calls `act` once after `ms`, unless the returned function is called before. */
  readonly after: (ms: number, act: () => void) => () => void;
}

/** The clock and timers of this isolate. */
export const isolateTime: LoadsOptions = {
  now: () => Date.now(),
  after: (ms, act) => {
    const timer = setTimeout(act, ms);
    return () => clearTimeout(timer);
  },
};

/**
 * Runs one load per key at a time, shared by all callers. A load started by a request that was cancelled may never end (measured on
 * workerd), so each caller has a timeout of its own, and after `LIMITS.LOAD_MS` the next caller starts another load.
 */
export class Loads<Value> {
  readonly #options: LoadsOptions;
  readonly #keep: (key: string, value: Value, startedAt: number) => void;
  readonly #loads = new Map<string, Load<Value>>();

  /** @param keep called with the result of a load, unless it was forgotten or replaced in the meantime */
  constructor(options: LoadsOptions, keep: (key: string, value: Value, startedAt: number) => void) {
    this.#options = options;
    this.#keep = keep;
  }

  /** Whether a load is running that is not overdue. */
  isLoading(key: string): boolean {
    const load = this.#loads.get(key);
    if (load === undefined) return false;
    const age = this.#options.now() - load.startedAt;
    // A negative age means that the clock was set back: how long the load has taken is unknown.
    return age >= 0 && age < LIMITS.LOAD_MS;
  }

  /**
   * Joins the load of a key, or starts one.
   *
   * @param load if it throws synchronously, the error is passed on and no load is recorded
   * @throws MeshError `overloaded` after `LIMITS.LOAD_MS`
   */
  get(key: string, load: () => Promise<Value>): Promise<Value> {
    const known = this.isLoading(key) ? this.#loads.get(key) : undefined;
    return this.#within((known ?? this.#begin(key, load)).value);
  }

  /** Detaches the running load of a key: nobody else joins it, and its result, which may be stale, is not kept. */
  forget(key: string): void {
    this.#loads.delete(key);
  }

  #begin(key: string, load: () => Promise<Value>): Load<Value> {
    const startedAt = this.#options.now();
    const begun: Load<Value> = { value: load(), startedAt };
    this.#loads.set(key, begun);
    const end = (): boolean => this.#loads.get(key) === begun && this.#loads.delete(key);
    begun.value.then(
      (value) => {
        if (end()) this.#keep(key, value, begun.startedAt);
      },
      () => end(),
    );
    return begun;
  }

  #within(value: Promise<Value>): Promise<Value> {
    const { promise, reject } = Promise.withResolvers<never>();
    const cancel = this.#options.after(LIMITS.LOAD_MS, () => {
      reject(new MeshError("overloaded", `an object did not answer in ${LIMITS.LOAD_MS} ms`));
    });
    return Promise.race([value, promise]).finally(cancel);
  }
}
