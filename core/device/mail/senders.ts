/**
 * Senders that wait until the device acknowledges their message. Their tokens are kept with the message: in its `InFlight` while it
 * is on the socket, otherwise in `Registration.waiting`.
 */
import type { Context } from "../../link/effects.ts";
import type { SendAnswer } from "../../message/send.ts";
import type { Registration } from "../registration.ts";
import type { Waiter, Waits } from "../waits.ts";
import type { Ending } from "./outcomes.ts";

export class Senders {
  readonly #waits: Waits;

  constructor(waits: Waits) {
    this.#waits = waits;
  }

  wait(registration: Registration, key: string, waiter: Waiter): number {
    const token = this.#waits.begin(waiter);
    const entry = registration.unsettled(key);
    if (entry !== undefined) entry.tokens.push(token);
    else registration.waiting.set(key, [...(registration.waiting.get(key) ?? []), token]);
    return token;
  }

  /** False once the sender with this token is answered. */
  isWaiting(token: number): boolean {
    return this.#waits.has(token);
  }

  settle(tokens: readonly number[], answer: SendAnswer, context: Context): void {
    for (const token of tokens) this.#waits.settle(token, answer, context);
  }

  /** The message with this key has left the mailbox: answers its senders. */
  settleEnded(
    registration: Registration,
    key: string,
    ended: { readonly status: Ending | "sent"; readonly seq: number },
    context: Context,
  ): void {
    const entry = registration.inFlight.get(key);
    const waiting = registration.waiting.get(key);
    if (entry === undefined && waiting === undefined) return;
    const answer: SendAnswer = { ok: true, ...ended };
    if (entry !== undefined && ended.status !== "sent") {
      entry.ended = ended.status;
      this.settle(entry.tokens.splice(0), answer, context);
    }
    if (waiting === undefined) return;
    this.settle(waiting, answer, context);
    registration.waiting.delete(key);
  }
}
