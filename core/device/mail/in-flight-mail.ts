/** Messages on the socket that the device has not acknowledged: makes them durable, or ends them without an acknowledgement. */
import type { MessageStatus } from "../../../schema/http.ts";
import type { Context } from "../../link/effects.ts";
import { PRIORITIES } from "../../message/priority.ts";
import type { MessageEvents } from "../events/message-events.ts";
import type { InFlight, Registration } from "../registration.ts";
import { idSeqOf } from "../store.ts";
import type { Mailbox } from "./mailbox.ts";
import type { Ending, Outcomes } from "./outcomes.ts";
import { isOverdue, queryFieldsOf } from "./send-rules.ts";
import type { Senders } from "./senders.ts";

export interface InFlightParts {
  readonly mailbox: Mailbox;
  readonly outcomes: Outcomes;
  readonly senders: Senders;
  readonly events: MessageEvents;
}

export class InFlightMail {
  readonly #parts: InFlightParts;

  constructor(parts: InFlightParts) {
    this.#parts = parts;
  }

  /**
   * Makes a message in flight durable, because its sender no longer waits for the acknowledgement, or the link was lost.
   *
   * @param onSocket false if it has left the socket
   * @returns the status to answer
   */
  makeDurable(
    registration: Registration,
    entry: InFlight,
    onSocket: boolean,
    context: Context,
  ): MessageStatus {
    const { now } = context;
    const { events } = this.#parts;
    const { key, idSeq: seq, unstored, expiresAt, endIfDropped } = entry;
    if (entry.ended !== null) return entry.ended;
    if (unstored?.ttlSeconds === 0) {
      // Only the device knows whether it has the message; it is queried on its next link. Remembered without a row of its own.
      if (!onSocket && endIfDropped === null)
        registration.remember(key, "sent", seq, entry.fingerprint, queryFieldsOf(entry, unstored));
      events.persist(registration, entry);
      return "sent";
    }
    if (!onSocket && unstored !== null && isOverdue(entry, registration, now)) {
      registration.remember(key, "sent", seq, entry.fingerprint);
      const open = { ...entry, ...queryFieldsOf(entry, unstored) };
      this.#parts.outcomes.recordSent(registration.slot, "expired", [open]);
      events.persist(registration, entry);
      return "sent";
    }
    if (unstored !== null) {
      // Even if it has expired: without a row, a status request after a crash would answer `delivered`.
      this.#parts.mailbox.store(registration, unstored, { key, seq, expiresAt }, onSocket, context);
      entry.unstored = null;
    }
    return isOverdue(entry, registration, now) ? "sent" : "queued";
  }

  /** Ends a message on the socket with a status other than `delivered`. */
  end(registration: Registration, entry: InFlight, status: Ending, context: Context): void {
    const { mailbox, outcomes, senders, events } = this.#parts;
    const { key, idSeq: seq, unstored } = entry;
    if (unstored === null) {
      mailbox.end(registration, [key], status, context);
      // Even if its row was deleted before.
      entry.ended = status;
      return;
    }
    entry.ended = status;
    registration.remember(key, status, seq, entry.fingerprint);
    // The outcome of a ttl 0 message is only in its answer, so that it costs no row.
    if (unstored.ttlSeconds > 0) outcomes.record(registration.slot, status, [entry]);
    events.tell(registration, entry, status, context);
    senders.settle(entry.tokens.splice(0), { ok: true, status, seq }, context);
  }

  /** The registration ends: ends its messages on the socket that have no row. The mailbox ends its rows. */
  endAll(registration: Registration, context: Context): void {
    const { outcomes, senders, events } = this.#parts;
    const status = "unregistered";
    const ended: InFlight[] = [];
    for (const entry of registration.inFlight.values()) {
      const { key, idSeq: seq, unstored } = entry;
      if (entry.ended !== null || unstored === null) continue;
      entry.ended = status;
      registration.remember(key, status, seq, entry.fingerprint);
      if (unstored.ttlSeconds > 0) ended.push(entry);
      events.tell(registration, entry, status, context);
      senders.settle(entry.tokens.splice(0), { ok: true, status, seq }, context);
    }
    outcomes.record(registration.slot, status, ended);
  }

  /** The app stops listening, or the link has ended: messages on the socket go back to the mailbox. */
  detach(registration: Registration, context: Context): void {
    const { mailbox } = this.#parts;
    const entries = this.#takeAll(registration);
    for (const entry of entries) {
      registration.untrack(entry);
      this.makeDurable(registration, entry, false, context);
    }
    mailbox.expire(registration, context);
    // These had expired: a clock that is set back must not send them again, after messages that came later.
    const over = entries.flatMap(({ withdrawn, key }) => (withdrawn ? [key] : []));
    mailbox.end(registration, over, "expired", context);
    // The messages that replaced these have left the mailbox meanwhile: the newest of these must not be shown either.
    const superseded = entries.flatMap((entry) =>
      entry.superseded ? (registration.mail.get(entry.key) ?? []) : [],
    );
    const seqs = new Set(superseded.map(({ seq }) => seq));
    const keys = superseded
      .filter(({ collapseKey }) => seqs.has(registration.newest(collapseKey)))
      .map(({ key }) => key);
    mailbox.end(registration, keys, "collapsed", context);
    this.#settleAll(registration, entries, context);
  }

  /** Removes the messages on the socket from all lanes. */
  #takeAll(registration: Registration): InFlight[] {
    const all: InFlight[] = [];
    for (const priority of PRIORITIES) {
      const lane = registration.lane(priority);
      const entries = lane.inFlight.splice(0);
      registration.raiseReceived(priority, entries.at(-1)?.seq ?? 0);
      all.push(...entries);
      lane.sent = 0;
      lane.queries.length = 0;
    }
    return all;
  }

  /** Answers all waiting senders, of messages that were on the socket and of messages that waited for it. */
  #settleAll(registration: Registration, entries: readonly InFlight[], context: Context): void {
    const { senders } = this.#parts;
    for (const { ended, key, idSeq: seq, tokens } of entries) {
      const left = registration.mail.has(key) ? "queued" : registration.recent(key)?.status;
      senders.settle(tokens, { ok: true, status: ended ?? left ?? "sent", seq }, context);
    }
    for (const [key, tokens] of registration.waiting) {
      const row = registration.mail.get(key);
      const seq = row === undefined ? 0 : idSeqOf(row);
      senders.settle(tokens, { ok: true, status: "queued", seq }, context);
    }
    registration.waiting.clear();
  }
}
