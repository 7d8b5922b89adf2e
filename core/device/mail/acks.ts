/** What the device acknowledges: messages that the app was given, and messages that were dropped before that. */
import type { Ack } from "../../../schema/generated/link.ts";
import type { Context } from "../../link/effects.ts";
import type { InFlight, Lane, Registration } from "../registration.ts";
import type { FirstAcks } from "./first-acks.ts";
import type { InFlightMail, InFlightParts } from "./in-flight-mail.ts";
import type { Outbox } from "./outbox.ts";

export interface AckParts extends InFlightParts {
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
   * The device is done with a lane up to `seq`. Only what is on the socket counts, so a wrong number can
   * lose nothing that was not sent.
   *
   * @param discarded what of the lane it dropped without giving it to the app, also above `seq`
   * @returns how many messages it answered for
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
    const asked: string[] = [];
    const told = new Set<string>();
    for (const entry of done) {
      registration.untrack(entry);
      // What has ended otherwise keeps that state: its sender may have been told.
      if (entry.ended !== null) continue;
      const isStored = entry.unstored === null;
      // While its row stays (see FirstAcks), or it is `sent`, a kill makes it wait, or be asked after, again: nobody is told that it
      // was delivered.
      const isKept = entry.firstAckAlias !== null && (isStored || entry.left === "recalled");
      if (entry.left !== null && !isKept) asked.push(entry.key);
      if (entry.firstAckAlias !== null) {
        if (isStored) told.add(entry.key);
        if (isKept) registration.telling.set(entry.key, entry);
        this.#tellFirst(registration, entry, entry.firstAckAlias, context);
        if (isKept) continue;
      } else if (isStored) keys.add(entry.key);
      this.#delivered(registration, entry, context);
    }
    const taken = state.take(({ key }) => told.has(key));
    for (const header of taken) registration.dropMail(header);
    this.#parts.outcomes.delivered(registration.slot, asked);
    if (keys.size > 0) {
      this.#parts.mailbox.delivered(
        registration,
        state.take((header) => keys.has(header.key)),
        context,
      );
    }
    // Once all that was delivered with them has left.
    this.#parts.mailbox.endReplaced(registration, taken, context);
    // Also after an acknowledgement of nothing: messages in flight that had no row are forgotten while the object sleeps, and
    // what waited for their place in the window would wait on.
    this.#parts.outbox.pump(registration, context);
    return count + dropped;
  }

  #delivered(registration: Registration, entry: InFlight, context: Context): void {
    const { key, seq, fingerprint, tokens } = entry;
    registration.remember(key, "delivered", seq, fingerprint);
    this.#parts.senders.settle(tokens.splice(0), { ok: true, status: "delivered", seq }, context);
  }

  /** The registration ends: nobody waits for what its aliases are being told. */
  end(registration: Registration, context: Context): void {
    for (const entry of registration.telling.values()) this.#told(registration, entry, context);
  }

  /** The row of a message that the device took first is gone, or goes now: it is delivered, durably. */
  #told(registration: Registration, entry: InFlight, context: Context): void {
    if (registration.telling.get(entry.key) !== entry) return;
    registration.telling.delete(entry.key);
    if (entry.left !== null) this.#parts.outcomes.delivered(registration.slot, [entry.key]);
    this.#delivered(registration, entry, context);
  }

  /** The device dropped messages that the app was not given. @returns how many of them it had not answered for */
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
      const status = entry.left ?? (entry.superseded ? "collapsed" : "expired");
      this.#parts.inFlight.endOne(registration, entry, status, context);
    }
    const asked = dropped.flatMap(({ left, key }) => (left === null ? [] : [key]));
    this.#parts.outcomes.dropped(registration.slot, asked);
    return dropped.length;
  }

  #tellFirst(registration: Registration, entry: InFlight, alias: string, context: Context): void {
    const { key, seq, fingerprint, expiresAt, unstored } = entry;
    const first = { alias, key, seq, fingerprint, expiresAt, isStored: unstored === null };
    const onSettled = (later: Context) => this.#told(registration, entry, later);
    this.#parts.firstAcks.tell(registration, first, onSettled, context);
  }
}
