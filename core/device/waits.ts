/** Callers that wait for an answer of the device, each with a token: senders, nodes and app servers. */
import type { Context, WaitAnswer } from "../link/effects.ts";

/** A waiting caller. */
export interface Waiter {
  /** Its time is up: settles it, or extends the wait. */
  timeout(token: number, context: Context): void;
}

export class Waits {
  readonly #waiting = new Map<number, Waiter>();
  #lastToken = 0;

  /** @returns a token whose `settle` effect follows */
  begin(waiter: Waiter): number {
    const token = ++this.#lastToken;
    this.#waiting.set(token, waiter);
    return token;
  }

  /** False once it is settled. */
  has(token: number): boolean {
    return this.#waiting.has(token);
  }

  /** Answers the caller with this token, unless it was answered before. */
  settle(token: number, answer: WaitAnswer, { effects }: Context): void {
    if (this.#waiting.delete(token)) effects.push({ kind: "settle", token, answer });
  }

  /** The shell's timer for this token has fired. */
  timeout(token: number, context: Context): void {
    this.#waiting.get(token)?.timeout(token, context);
  }
}
