/** Callers that wait for an answer the device gives later: senders, tag nodes, app servers. */
import type { WaitAnswer } from "../../core/link/effects.ts";
import type { Scheduler, Timer } from "../runtime.ts";

interface Waiter {
  readonly resolve: (answer: WaitAnswer) => void;
  timer: Timer;
}

export class Waiters {
  readonly #scheduler: Scheduler;
  readonly #onEnd: (token: number) => void;
  readonly #waiters = new Map<number, Waiter>();

  /** @param onEnd called when a wait has ended: it settles the token, or extends the wait */
  constructor(scheduler: Scheduler, onEnd: (token: number) => void) {
    this.#scheduler = scheduler;
    this.#onEnd = onEnd;
  }

  get isEmpty(): boolean {
    return this.#waiters.size === 0;
  }

  /** Resolves with the answer that the token is settled with, which is of the kind that the caller's method of the core gives. */
  begin<Answer extends WaitAnswer>(token: number, ms: number): Promise<Answer> {
    return new Promise<WaitAnswer>((resolve) => {
      this.#waiters.set(token, { resolve, timer: this.#timer(token, ms) });
    }) as Promise<Answer>;
  }

  /** Extends the wait by `ms`. */
  extend(token: number, ms: number): void {
    const waiter = this.#waiters.get(token);
    if (waiter === undefined) return;
    waiter.timer.cancel();
    waiter.timer = this.#timer(token, ms);
  }

  /** @param first the answer waits for it; if it fails, the answer is `storage_unavailable` instead */
  settle(token: number, answer: WaitAnswer, first: Promise<void> | null = null): void {
    const waiter = this.#waiters.get(token);
    if (waiter === undefined) return;
    this.#waiters.delete(token);
    waiter.timer.cancel();
    if (first === null) waiter.resolve(answer);
    else {
      first.then(
        () => waiter.resolve(answer),
        () => waiter.resolve({ ok: false, code: "storage_unavailable" }),
      );
    }
  }

  /** Called when this life ends: nobody else would settle them. */
  settleAll(answer: WaitAnswer): void {
    for (const token of [...this.#waiters.keys()]) this.settle(token, answer);
  }

  #timer(token: number, ms: number): Timer {
    return this.#scheduler.timer(ms, () => this.#onEnd(token));
  }
}
