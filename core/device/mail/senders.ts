/**
 * Senders that wait for a message to be acknowledged, each under a token. The tokens stay with the message: those of one that
 * is on the socket with what is in flight, the others with its registration.
 */
import type { Effects } from "../../link/effects.ts";
import type { SendAnswer } from "../../message/send.ts";
import type { Registration } from "../registration.ts";

/** What a sender waits for. */
interface Waiting {
  readonly registration: Registration;
  /** Of the message. */
  readonly key: string;
  /** How much longer it waits once its first wait is over, milliseconds. */
  restMs: number;
}

export class Senders {
  readonly #nextToken: () => number;
  readonly #waiting = new Map<number, Waiting>();

  constructor(nextToken: () => number) {
    this.#nextToken = nextToken;
  }

  /** Undefined for one that was answered. */
  find(token: number): Waiting | undefined {
    return this.#waiting.get(token);
  }

  /** @param restMs how much longer the sender waits once `firstWaitMs` is over */
  wait(registration: Registration, key: string, restMs: number): number {
    const token = this.#nextToken();
    this.#waiting.set(token, { registration, key, restMs });
    const entry = registration.open(key);
    if (entry !== undefined) entry.tokens.push(token);
    else registration.waiting.set(key, [...(registration.waiting.get(key) ?? []), token]);
    return token;
  }

  settle(tokens: readonly number[], answer: SendAnswer, effects: Effects): void {
    for (const token of tokens) {
      this.#waiting.delete(token);
      effects.push({ kind: "settle", token, answer });
    }
  }
}
