/** Who waits for something that a device will tell later: senders, nodes of tags, app servers. */
import type { WaitAnswer } from "../core/link/effects.ts";

interface Waiting {
  readonly resolve: (answer: WaitAnswer) => void;
  readonly reject: (reason: unknown) => void;
  timer: number;
}

export class Waits {
  readonly #waiting = new Map<number, Waiting>();
  readonly #onEnd: (token: number) => void;

  /** @param onEnd told who has waited long enough: settles the token */
  constructor(onEnd: (token: number) => void) {
    this.#onEnd = onEnd;
  }

  /** Resolves when the token is settled, with an answer of the kind that the caller's method of the core gives. */
  async begin<Answer extends WaitAnswer>(token: number, ms: number): Promise<Answer> {
    const answer = await new Promise<WaitAnswer>((resolve, reject) => {
      const timer = setTimeout(() => this.#onEnd(token), ms);
      this.#waiting.set(token, { resolve, reject, timer });
    });
    return answer as Answer;
  }

  /** Waits for `ms` more. */
  goOn(token: number, ms: number): void {
    const waiting = this.#waiting.get(token);
    if (waiting === undefined) return;
    clearTimeout(waiting.timer);
    waiting.timer = setTimeout(() => this.#onEnd(token), ms);
  }

  /** Nobody is left who would settle them. */
  settleAll(answer: WaitAnswer): void {
    for (const token of [...this.#waiting.keys()]) this.settle(token, answer);
  }

  /** @param first the answer waits for it, and fails with it */
  settle(token: number, answer: WaitAnswer, first?: Promise<void>): void {
    const waiting = this.#waiting.get(token);
    if (waiting === undefined) return;
    this.#waiting.delete(token);
    clearTimeout(waiting.timer);
    if (first === undefined) waiting.resolve(answer);
    else first.then(() => waiting.resolve(answer), waiting.reject);
  }
}
