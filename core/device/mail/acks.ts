/** Acknowledgements of the device: for messages that the app has, and for messages that the device dropped before. */
import type { Ack } from "../../../schema/generated/link.ts";
import type { Context } from "../../link/effects.ts";
import type { InFlight, Lane, Registration } from "../registration.ts";
import type { FirstAcks } from "./first-acks.ts";
import type { InFlightMail, InFlightParts } from "./in-flight-mail.ts";
import type { Outbox } from "./outbox.ts";

interface AckParts extends InFlightParts {
  readonly inFlight: InFlightMail;
  readonly outbox: Outbox;
  readonly firstAcks: FirstAcks;
}

export class Acks {
  readonly #parts: AckParts;

  constructor(parts: AckParts) {
    this.#parts = parts;
  }

  /**
   * The device is done with a lane up to `seq`. Applies only to messages on the socket, so a wrong number cannot lose a message
   * that was not sent.
   *
   * @param discarded messages of the lane that it dropped without passing them to the app; may be above `seq`
   * @returns the number of messages that this acknowledged
   */
  acknowledge(
    registration: Registration,
    { priority, seq, discarded = [] }: Pick<Ack, "priority" | "seq" | "discarded">,
    context: Context,
  ): number {
    const state = registration.lane(priority);
    const dropped = this.#discard(registration, state, discarded, context);
    let count = 0;
    while ((state.inFlight[count]?.seq ?? Number.POSITIVE_INFINITY) <= seq) count++;
    const done = state.inFlight.splice(0, count);
    const keys = new Set<string>();
    const queried: string[] = [];
    const told = new Set<string>();
    for (const entry of done) {
      registration.untrack(entry);
      // A message that has ended in another way keeps that state: its sender may have been answered.
      if (entry.ended !== null) continue;
      const isStored = entry.unstored === null;
      // While its row stays (see FirstAcks), or the log has it as `sent`, a kill would send or query it again. Its sender is told
      // that it was delivered when neither is so.
      const isKept =
        entry.firstAckAlias !== null && (isStored || entry.endIfDropped === "recalled");
      if (entry.endIfDropped !== null && !isKept) queried.push(entry.key);
      if (entry.firstAckAlias !== null) {
        if (isStored) told.add(entry.key);
        if (isKept) registration.notifying.set(entry.key, entry);
        this.#notifyAlias(registration, entry, entry.firstAckAlias, context);
        if (isKept) continue;
      } else if (isStored) keys.add(entry.key);
      this.#delivered(registration, entry, context);
    }
    const taken = state.take(({ key }) => told.has(key));
    for (const header of taken) registration.dropMail(header);
    this.#parts.outcomes.removeDelivered(registration.slot, queried);
    if (keys.size > 0) {
      this.#parts.mailbox.delivered(
        registration,
        state.take((header) => keys.has(header.key)),
        context,
      );
    }
    // After all rows acknowledged with them have been deleted.
    this.#parts.mailbox.endReplaced(registration, taken, context);
    // Also if nothing was acknowledged: a sleep forgets messages in flight that had no row, and the rows that waited for their
    // place in the window must not wait forever.
    this.#parts.outbox.pump(registration, context);
    return count + dropped;
  }

  #delivered(registration: Registration, entry: InFlight, context: Context): void {
    const { key, idSeq: seq, fingerprint, tokens } = entry;
    registration.remember(key, "delivered", seq, fingerprint);
    this.#parts.events.tell(registration, entry, "delivered", context);
    this.#parts.senders.settle(tokens.splice(0), { ok: true, status: "delivered", seq }, context);
  }

  /** The registration ends: messages whose alias is being notified count as delivered now. */
  end(registration: Registration, context: Context): void {
    for (const entry of registration.notifying.values())
      this.#settleFirst(registration, entry, context);
  }

  /** The row of a message that this device acknowledged first is deleted, or is being deleted: it is delivered durably. */
  #settleFirst(registration: Registration, entry: InFlight, context: Context): void {
    if (registration.notifying.get(entry.key) !== entry) return;
    registration.notifying.delete(entry.key);
    if (entry.endIfDropped !== null)
      this.#parts.outcomes.removeDelivered(registration.slot, [entry.key]);
    this.#delivered(registration, entry, context);
  }

  /** The device dropped messages before the app got them. @returns how many of them were not acknowledged before */
  #discard(
    registration: Registration,
    { inFlight }: Lane,
    discarded: readonly number[],
    context: Context,
  ): number {
    if (discarded.length === 0) return 0;
    const seqs = new Set(discarded);
    const dropped = inFlight.filter(({ seq, ended }) => ended === null && seqs.has(seq));
    for (const entry of dropped) {
      const status = entry.endIfDropped ?? (entry.superseded ? "collapsed" : "expired");
      this.#parts.inFlight.end(registration, entry, status, context);
    }
    const queried = dropped.flatMap(({ endIfDropped, key }) =>
      endIfDropped === null ? [] : [key],
    );
    this.#parts.outcomes.endDropped(registration.slot, queried);
    return dropped.length;
  }

  #notifyAlias(registration: Registration, entry: InFlight, alias: string, context: Context): void {
    const { key, seq: rowSeq, idSeq: seq, fingerprint, expiresAt, unstored } = entry;
    const first = { alias, key, seq, rowSeq, fingerprint, expiresAt, isStored: unstored === null };
    const onSettled = (later: Context) => this.#settleFirst(registration, entry, later);
    this.#parts.firstAcks.notify(registration, first, onSettled, context);
  }
}
