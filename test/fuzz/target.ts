/** What is fuzzed. */
import type { Random } from "../chaos/random.ts";

export interface Target {
  readonly name: string;
  /** How many of all inputs it gets, relative to the others. */
  readonly share: number;
  open(): Probe | Promise<Probe>;
}

export interface Probe {
  /**
   * Makes one input and tries it.
   *
   * @returns whether it was taken; refusing it as documented is as good
   * @throws anything that breaks a promise
   */
  attempt(random: Random): boolean | Promise<boolean>;
  close?(): void | Promise<void>;
}

/** A promise that an input broke. */
export class Broken extends Error {}

/** @throws {Broken} with this text where it does not hold */
export function promise(holds: boolean, text: () => string): asserts holds {
  if (!holds) throw new Broken(text());
}
