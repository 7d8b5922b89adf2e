/**
 * When to retry the debts of ended registrations: tags and aliases that have not confirmed that the registration left. Their rows
 * remain until then, so retries continue without the device and after a kill of the process.
 */
import type { Part } from "./part.ts";
import type { Registrations } from "./registrations.ts";

/** The first wait, and the bound to which it doubles: an alarm costs a row and a request. */
const FIRST_MS = 30_000;
const LONGEST_MS = 3_600_000;

export class Debts {
  readonly #registrations: Registrations;
  readonly #parts: readonly Part[];
  #deadline: number | null = null;
  #waitMs: number;

  /** @param spread 0 to 1, different for each device, so that a failure of all devices is not retried by all at once */
  constructor(registrations: Registrations, parts: readonly Part[], spread: number) {
    this.#registrations = registrations;
    this.#parts = parts;
    this.#waitMs = FIRST_MS * (1 + spread);
  }

  /** When to call `onDeadline`; null if there are no debts. */
  get deadline(): number | null {
    return this.#deadline;
  }

  /** Whether there is a debt now. */
  get hasDebts(): boolean {
    for (const slot of this.#registrations.bySlot.keys()) {
      if (this.#parts.some((part) => part.owes(slot))) return true;
    }
    return false;
  }

  /** Sets the deadline if there is none. Call it when there may be a new debt. */
  schedule(now: number): void {
    if (this.#deadline === null && this.hasDebts) this.#deadline = now + this.#waitMs;
  }

  /** Call it at the deadline, after the retries: sets the next deadline if debts are left. */
  onDeadline(now: number): void {
    if (this.#deadline === null || now < this.#deadline) return;
    this.#deadline = null;
    this.#waitMs = Math.min(2 * this.#waitMs, LONGEST_MS);
    this.schedule(now);
  }
}
