/** Nodes that called with broadcasts and wait for the app's acknowledgement. */
import type { Context } from "../../link/effects.ts";
import type { DeliverAnswer, DeliverOutcome } from "../../tag/calls/fan-out.ts";
import type { Waits } from "../waits.ts";
import type { PendingBroadcast, Subscription } from "./subscription.ts";

/** The state of an entry that a node called with: a broadcast under way, or its outcome. */
export type EntryState = PendingBroadcast | DeliverOutcome;

export class NodeWaits {
  readonly #waits: Waits;
  /** By token: the entries before the one that the node waits for, in order. */
  readonly #before = new Map<
    number,
    { readonly subscription: Subscription; readonly before: readonly EntryState[] }
  >();

  constructor(waits: Waits) {
    this.#waits = waits;
  }

  /**
   * @param before the states of the entries before it
   * @param onTimeout called when the node has waited long enough, before it is answered
   * @returns a token whose `settle` effect follows
   */
  wait(
    pending: PendingBroadcast,
    before: readonly EntryState[],
    onTimeout: (context: Context) => void,
  ): number {
    const token = this.#waits.begin({
      timeout: (own, context) => {
        onTimeout(context);
        if (!this.#before.has(own)) return;
        pending.tokens.splice(pending.tokens.indexOf(own), 1);
        this.settle([own], pending.state === "sent" ? "delivered" : "deferred", context);
      },
    });
    this.#before.set(token, { subscription: pending.subscription, before });
    pending.tokens.push(token);
    return token;
  }

  settle(tokens: readonly number[], outcome: DeliverOutcome, context: Context): void {
    for (const token of tokens) {
      const waiting = this.#before.get(token);
      if (waiting === undefined) continue;
      this.#before.delete(token);
      const { subscription, before } = waiting;
      this.#waits.settle(
        token,
        { ...answer(outcome), ...outcomesOf(subscription, before) },
        context,
      );
    }
  }
}

export const answer = (outcome: DeliverOutcome) => ({ ok: true, outcome }) as const;

/** The outcome of an entry for this tag: `filtered` if the broadcast arrives through another tag of the app. */
function outcomeOf(subscription: Subscription, entryState: EntryState): DeliverOutcome {
  if (typeof entryState === "string") return entryState;
  if (entryState.subscription !== subscription) return "filtered";
  const { state } = entryState;
  if (state === "done") return entryState.end ?? "acknowledged";
  return state === "sent" ? "delivered" : state === "held" ? "deferred" : "offline";
}

const outcomesOf = (subscription: Subscription, before: readonly EntryState[]) =>
  before.length === 0
    ? {}
    : { before: before.map((entryState) => outcomeOf(subscription, entryState)) };

export const answerOf = (
  subscription: Subscription,
  last: EntryState,
  before: readonly EntryState[],
): DeliverAnswer => ({
  ...answer(outcomeOf(subscription, last)),
  ...outcomesOf(subscription, before),
});
