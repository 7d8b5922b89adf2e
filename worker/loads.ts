/** Loads that several requests wait for together. */
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
  /** Calls `act` once after `ms`; the answer cancels it. */
  readonly after: (ms: number, act: () => void) => () => void;
}

/** Time of this isolate. */
export const isolateTime: LoadsOptions = {
  now: () => Date.now(),
  after: (ms, act) => {
    const timer = setTimeout(act, ms);
    return () => clearTimeout(timer);
  },
};

/**
 * One load at a time of each key, shared by all that miss together. A load that was begun for a request which has gone may never
 * end (measured on workerd): after `LIMITS.LOAD_MS` the next to ask begins another, and each waits by a timer of its own.
 */
export class Loads<Value> {
  readonly #options: LoadsOptions;
  readonly #keep: (key: string, value: Value, startedAt: number) => void;
  readonly #loads = new Map<string, Load<Value>>();

  /** @param keep called with what a load found, unless it was forgotten or given up for another meanwhile */
  constructor(options: LoadsOptions, keep: (key: string, value: Value, startedAt: number) => void) {
    this.#options = options;
    this.#keep = keep;
  }

  /** Whether a load is under way that is not given up. */
  isLoading(key: string): boolean {
    const load = this.#loads.get(key);
    if (load === undefined) return false;
    const age = this.#options.now() - load.startedAt;
    // Also where the clock was set back: how long it has taken nobody knows.
    return age >= 0 && age < LIMITS.LOAD_MS;
  }

  /**
   * Joins the load of a key, or begins one.
   *
   * @param load - What it throws at once is thrown, and takes no place.
   * @throws MeshError `overloaded` after `LIMITS.LOAD_MS`
   */
  get(key: string, load: () => Promise<Value>): Promise<Value> {
    const known = this.isLoading(key) ? this.#loads.get(key) : undefined;
    return this.#within((known ?? this.#begin(key, load)).value);
  }

  /** Lets nobody else join the load of a key, and keeps nothing of it: what it finds may be old. */
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
