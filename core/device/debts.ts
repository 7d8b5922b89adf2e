/**
 * What ended registrations owe: tags and aliases that have not let them go. The rows say so until they have answered; this is
 * when they are asked again without any help of the device, also after the process was killed.
 */
import type { Part } from "./part.ts";
import type { Registrations } from "./registrations.ts";

/** First wait, and what it doubles to: an alarm is a row and a request. */
const FIRST_MS = 30_000;
const LONGEST_MS = 3_600_000;

export class Debts {
  readonly #registrations: Registrations;
  readonly #parts: readonly Part[];
  #deadline: number | null = null;
  #waitMs: number;

  /** @param spread from 0 up to 1, another for each device: what failed for all of them is not tried by all at once */
  constructor(registrations: Registrations, parts: readonly Part[], spread: number) {
    this.#registrations = registrations;
    this.#parts = parts;
    this.#waitMs = FIRST_MS * (1 + spread);
  }

  /** When they should be looked at; null where nothing was owed. */
  get deadline(): number | null {
    return this.#deadline;
  }

  /** Whether something is owed now. */
  get isOwing(): boolean {
    for (const slot of this.#registrations.bySlot.keys()) {
      if (this.#parts.some((part) => part.owes(slot))) return true;
    }
    return false;
  }

  /** Something may be owed from now on. */
  expect(now: number): void {
    if (this.#deadline === null && this.isOwing) this.#deadline = now + this.#waitMs;
  }

  /** Call it at the deadline, once what is owed was tried again: whether there is another deadline depends on what is left. */
  onDeadline(now: number): void {
    if (this.#deadline === null || now < this.#deadline) return;
    this.#deadline = null;
    this.#waitMs = Math.min(2 * this.#waitMs, LONGEST_MS);
    this.expect(now);
  }
}
