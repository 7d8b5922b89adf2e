/** Callers that wait for an answer of the device, each under a token: senders, nodes and app servers. */
import type { Context, WaitAnswer } from "../link/effects.ts";

/** What a caller waits for. */
export interface Waiter {
  /** It has waited long enough: this settles it, or lets it go on waiting. */
  timeout(token: number, context: Context): void;
}

export class Waits {
  readonly #waiting = new Map<number, Waiter>();
  #lastToken = 0;

  /** @returns a token for which a `settle` effect follows */
  begin(waiter: Waiter): number {
    const token = ++this.#lastToken;
    this.#waiting.set(token, waiter);
    return token;
  }

  /** False once it was settled. */
  has(token: number): boolean {
    return this.#waiting.has(token);
  }

  /** Answers the caller of this token, unless it was answered before. */
  settle(token: number, answer: WaitAnswer, { effects }: Context): void {
    if (this.#waiting.delete(token)) effects.push({ kind: "settle", token, answer });
  }

  /** The shell's timer of this token has run out. */
  timeout(token: number, context: Context): void {
    this.#waiting.get(token)?.timeout(token, context);
  }
}
