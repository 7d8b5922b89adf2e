/** Who waits for one device: senders, nodes and app servers, each under the token that the core gave. */
import type { WaitAnswer } from "../../../core/link/effects.ts";
import type { Wait, Waits } from "./waits.ts";

interface Waiter {
  readonly resolve: (answer: WaitAnswer) => void;
  readonly onTimeout: () => void;
  wait: Wait;
}

export class Waiting {
  readonly #waits: Waits;
  readonly #waiters = new Map<number, Waiter>();

  constructor(waits: Waits) {
    this.#waits = waits;
  }

  get isEmpty(): boolean {
    return this.#waiters.size === 0;
  }

  /**
   * Resolves with what the token is settled with.
   *
   * @param onTimeout called where that takes longer than `ms`
   */
  begin(token: number, ms: number, onTimeout: () => void): Promise<WaitAnswer> {
    return new Promise((resolve) => {
      this.#waiters.set(token, { resolve, onTimeout, wait: this.#waits.begin(ms, onTimeout) });
    });
  }

  /** Waits for `ms` more. */
  goOn(token: number, ms: number): void {
    const waiter = this.#waiters.get(token);
    if (waiter === undefined) return;
    this.#waits.cancel(waiter.wait);
    waiter.wait = this.#waits.begin(ms, waiter.onTimeout);
  }

  settle(token: number, answer: WaitAnswer): void {
    const waiter = this.#waiters.get(token);
    if (waiter === undefined) return;
    this.#waiters.delete(token);
    this.#waits.cancel(waiter.wait);
    waiter.resolve(answer);
  }

  settleAll(answer: WaitAnswer): void {
    for (const token of [...this.#waiters.keys()]) this.settle(token, answer);
  }
}
