/** The durable queue of each registration: stores messages, and ends them in every way other than delivery. */
import { dataHash } from "../../../schema/data-hash.ts";
import type { Context } from "../../link/effects.ts";
import { seqTimeMs } from "../../message/clock.ts";
import { contentBytes } from "../../message/options.ts";
import { PRIORITIES } from "../../message/priority.ts";
import type { SendRequest } from "../../message/send.ts";
import type { MessageEvents } from "../events/message-events.ts";
import type { Registration } from "../registration.ts";
import { idSeqOf, type MailHeader, type MailStore } from "../store.ts";
import { type Held, heldExpiry } from "./hold.ts";
import type { MailSocket } from "./mail-socket.ts";
import { droppedFor, NONE, needsQuery, replacedBy } from "./mailbox-rules.ts";
import type { Ending, Outcomes, SentMessage } from "./outcomes.ts";
import { queryFor } from "./send-rules.ts";
import type { Senders } from "./senders.ts";

/** An alarm may be late by this fraction of the message's ttl, so that one alarm serves many messages. */
const DEADLINE_SLACK = 1 / 16;
/** The bounds of that delay. Expiry is exact all the same: an expired row is never sent or reported as queued. */
const DEADLINE_SLACK_MAX_MS = 3_600_000;
const DEADLINE_SLACK_MIN_MS = 1_000;
/** How often to look at a message that expired on a socket: rarely, because an alarm costs a row. */
const OVERDUE_RECHECK_MS = 600_000;

export class Mailbox {
  readonly #store: MailStore;
  readonly #outcomes: Outcomes;
  readonly #senders: Senders;
  readonly #socket: MailSocket;
  readonly #events: MessageEvents;
  #deadline: number | null = null;

  constructor(
    store: MailStore,
    outcomes: Outcomes,
    senders: Senders,
    socket: MailSocket,
    events: MessageEvents,
  ) {
    this.#store = store;
    this.#outcomes = outcomes;
    this.#senders = senders;
    this.#socket = socket;
    this.#events = events;
  }

  /** When to call `onDeadline`; null if there was no row at the last call and none was added since. */
  get deadline(): number | null {
    return this.#deadline;
  }

  /** Reads the rows of all registrations. */
  load(registrations: ReadonlyMap<number, Registration>): void {
    for (const header of this.#store.listMail()) {
      const registration = registrations.get(header.slot);
      if (header.hold?.until === undefined) registration?.addMail(header, false);
      else registration?.hold(header);
      this.#schedule(header);
    }
  }

  /**
   * Queues a message that is not on the socket: replaces queued messages with its collapse key, and makes room by its overflow
   * policy. If the message is not queued in the end, no other message is removed. A held message replaces others when it is
   * released.
   *
   * @returns "queued"; "overflowed" if all queued messages have a higher priority; "full" if the policy is to refuse it
   */
  put(
    registration: Registration,
    request: SendRequest,
    { key, seq, hold }: { readonly key: string; readonly seq: number; readonly hold: Held | null },
    context: Context,
  ): "queued" | "overflowed" | "full" {
    const replacedNow = () => (hold === null ? replacedBy(registration, request) : NONE);
    let replaced = replacedNow();
    let dropped = droppedFor(registration, request, replaced);
    if (replaced.size > 0 || dropped?.size !== 0) {
      // Expired messages are neither replaced nor dropped, and their end may make enough room.
      this.expire(registration, context);
      replaced = replacedNow();
      dropped = droppedFor(registration, request, replaced);
    }
    if (dropped?.size !== 0 && request.onOverflow === "reject") return "full";
    const { options } = request;
    this.#events.tell(registration, { key, idSeq: seq, options }, "accepted", context);
    if (dropped === null) return "overflowed";
    this.#endRows(registration, "collapsed", context, replaced);
    this.#endRows(registration, "overflowed", context, dropped);
    const expiresAt =
      hold === null ? context.now + request.ttlSeconds * 1_000 : heldExpiry(request, hold.until);
    this.store(registration, request, { key, seq, expiresAt, hold }, false, context);
    return "queued";
  }

  /**
   * Writes a row without checking limits: a message on the socket was bounded by the window.
   *
   * @param place `expiresAt` in milliseconds since 1970
   */
  store(
    registration: Registration,
    request: SendRequest,
    {
      hold = null,
      ...place
    }: Pick<MailHeader, "key" | "seq" | "expiresAt"> & { readonly hold?: Held | null },
    onSocket: boolean,
    context: Context,
  ): void {
    const header: MailHeader = {
      ...place,
      slot: registration.slot,
      lane: request.lane,
      bytes: contentBytes(request),
      collapseKey: request.collapseKey,
      firstAckAlias: request.alias?.firstAckWins ? request.alias.alias : null,
      fingerprint: request.fingerprint ?? null,
      options: request.options ?? null,
      hold,
    };
    const { contentType, data, notification } = request;
    const shown = notification === undefined ? {} : { notification };
    this.#store.insertMail(header, { contentType, data, ...shown });
    if (hold === null) registration.addMail(header, onSocket);
    else registration.hold(header);
    this.#schedule(header);
    if (hold === null) this.#tellWaiting(registration, header, context);
    else this.#events.tell(registration, told(header), "scheduled", context);
  }

  /** Changes the time at which a held message is released. Writes one row. */
  holdUntil(registration: Registration, held: MailHeader, hold: Held): void {
    const ttlMs = held.expiresAt - (held.hold?.until ?? held.expiresAt);
    const header = { ...held, hold, expiresAt: hold.until + ttlMs };
    this.#store.moveMail(held.seq, header);
    registration.hold(header);
    this.#schedule(header);
  }

  /**
   * Gives a held message its place in its lane, as if it were accepted now. Writes one row.
   *
   * @param seq its new number on the link
   */
  release(registration: Registration, held: MailHeader, seq: number, context: Context): void {
    const header = { ...held, seq, hold: { idSeq: idSeqOf(held) } };
    this.#store.moveMail(held.seq, header);
    registration.dropMail(held);
    this.#endRows(registration, "collapsed", context, replacedBy(registration, held));
    registration.addMail(header, false);
    this.#schedule(header);
    this.#tellWaiting(registration, header, context);
  }

  /** A stored message may be sent: it waits for its device, or for the end of a pause or of quiet hours. */
  #tellWaiting(registration: Registration, header: MailHeader, context: Context): void {
    const event = registration.holdsBack(header) ? "held" : "queued";
    this.#events.tell(registration, told(header), event, context);
  }

  /**
   * Moves rows of a lane that were never on a socket behind all others in it. Writes one row for each.
   *
   * @param nextSeq returns a new number
   */
  putBehind(registration: Registration, rows: readonly MailHeader[], nextSeq: () => number): void {
    const moving = new Set(rows);
    const [first] = rows;
    if (first !== undefined) registration.lane(first.lane).take((row) => moving.has(row));
    for (const row of rows) {
      const header = { ...row, seq: nextSeq(), hold: { idSeq: idSeqOf(row) } };
      this.#store.moveMail(row.seq, header);
      registration.dropMail(row);
      registration.addMail(header, false);
    }
  }

  /**
   * The app attaches on a new link, and the device has told the last seq that it received. Messages above it never arrived: those
   * that had left the mailbox have ended, and those with a newer message of their collapse key are replaced by it. Messages up to it
   * may have arrived and are queried.
   *
   * @param lastSeq the highest seq that this app ever received, or a higher one
   */
  replaceUnseen(registration: Registration, lastSeq: number, context: Context): void {
    registration.lowerReceived(lastSeq);
    const unseen = this.#outcomes.sent(registration.slot).filter(({ seq }) => seq > lastSeq);
    for (const one of unseen) {
      const { key, endIfDropped, idSeq, fingerprint } = one;
      registration.remember(key, endIfDropped, idSeq, fingerprint);
      this.#events.tell(registration, one, endIfDropped, context);
    }
    this.#outcomes.endDropped(
      registration.slot,
      unseen.map(({ key }) => key),
    );
    const replaced = [...registration.mail.values()].filter(
      (header) =>
        header.seq > lastSeq &&
        !registration.held.has(header.key) &&
        registration.isSuperseded(header),
    );
    this.#endRows(registration, "collapsed", context, new Set(replaced));
  }

  /** Deletes the rows of delivered messages, which were removed from their lanes. */
  delivered(registration: Registration, headers: readonly MailHeader[], context: Context): void {
    if (headers.length === 0) return;
    for (const header of headers) registration.dropMail(header);
    this.#store.deleteMail(headers.map((header) => header.seq));
    this.endReplaced(registration, headers, context);
  }

  /** Ends the expired messages of a registration. On the socket they are withdrawn, and end with the device's answer. */
  expire(registration: Registration, context: Context): void {
    const due = new Set<MailHeader>();
    for (const header of registration.mail.values()) {
      if (header.expiresAt > context.now) continue;
      if (registration.inFlight.has(header.key)) {
        this.#socket.withdrawOverdue(registration, header.key, context);
      } else due.add(header);
    }
    this.#endRows(registration, "expired", context, due);
  }

  /** The same, if the message with this key has expired. */
  expireIfDue(registration: Registration, key: string, context: Context): void {
    const row = registration.mail.get(key);
    if (row !== undefined && row.expiresAt <= context.now) this.expire(registration, context);
  }

  /** Ends the messages with these keys that have rows. */
  end(registration: Registration, keys: readonly string[], status: Ending, context: Context): void {
    const rows = keys.flatMap((key) => registration.mail.get(key) ?? []);
    this.#endRows(registration, status, context, new Set(rows));
  }

  /**
   * The same for rows that the device may have, on its socket or not: they leave the mailbox as `sent`. The device's answer ends them:
   * `recalled` if it dropped a message; if the app has it, the alias is notified.
   */
  recallUnlessReceived(
    registration: Registration,
    rows: ReadonlySet<MailHeader>,
    context: Context,
  ): void {
    this.#endRows(registration, "recalled", context, rows, () => true);
  }

  /** Ends all messages of a registration. */
  endAll(registration: Registration, context: Context): void {
    this.expire(registration, context);
    this.#endRows(registration, "unregistered", context, new Set(registration.mail.values()));
    // The device is not queried any more.
    const open = this.#outcomes.sent(registration.slot);
    for (const one of open) {
      registration.remember(one.key, "unregistered", one.idSeq, one.fingerprint);
      this.#events.tell(registration, one, "unregistered", context);
    }
    this.#outcomes.record(registration.slot, "unregistered", open);
  }

  /** Call it at the deadline: expires messages and computes the next deadline. */
  onDeadline(registrations: Iterable<Registration>, context: Context): void {
    this.#deadline = null;
    for (const registration of registrations) {
      this.expire(registration, context);
      for (const header of registration.mail.values()) {
        // A message that expired on the socket ends with the device's answer or the link; this is for a missed end of the link.
        if (header.expiresAt <= context.now) this.#scheduleAt(context.now + OVERDUE_RECHECK_MS);
        else this.#schedule(header);
      }
    }
  }

  #endRows(
    registration: Registration,
    status: Ending,
    context: Context,
    leaving: ReadonlySet<MailHeader>,
    isQueried = (header: MailHeader) => needsQuery(registration, header, status),
  ): void {
    if (leaving.size === 0) return;
    const { slot } = registration;
    const ended: (MailHeader & { readonly idSeq: number })[] = [];
    const open: (MailHeader & SentMessage)[] = [];
    const held = [...leaving].filter(({ key }) => registration.held.has(key));
    const waiting = PRIORITIES.flatMap((priority) =>
      registration.lane(priority).take((row) => leaving.has(row)),
    );
    for (const header of [...held, ...waiting]) {
      const { key, seq, fingerprint, firstAckAlias: alias, expiresAt } = header;
      // One that is held was never on a socket.
      const isOpen = !registration.held.has(key) && isQueried(header);
      const idSeq = idSeqOf(header);
      const left = isOpen ? "sent" : status;
      registration.dropMail(header);
      registration.remember(key, left, idSeq, fingerprint);
      this.#senders.settleEnded(registration, key, { status: left, seq: idSeq }, context);
      if (!isOpen) {
        const at = status === "expired" ? Math.min(expiresAt, context.now) : context.now;
        this.#events.tell(registration, { ...header, idSeq }, status, context, at);
        ended.push({ ...header, idSeq });
        continue;
      }
      const body = this.#store.readMail(seq);
      const isTold = status === "recalled" && alias !== null;
      const one = {
        ...{ ...header, idSeq, endIfDropped: status },
        dataHash: body && dataHash(body.data, body.notification),
        ...(isTold ? { firstAck: { alias, expiresAt } } : {}),
      };
      open.push(one);
      // On the socket it is being queried already. Otherwise nothing after it in its lane has been sent on this link.
      if (registration.attached && !registration.inFlight.has(key))
        registration.lane(header.lane).addQuery(one);
    }
    this.#store.deleteMail([...ended, ...open].map(({ seq }) => seq));
    this.#outcomes.record(slot, status, ended);
    this.#outcomes.recordSent(slot, status, open);
    // A collapsed message leaves because of one that is still queued, or has left before. One that is held has replaced none.
    if (status !== "collapsed") this.endReplaced(registration, waiting, context);
  }

  /**
   * Ends messages that were replaced by one that has just left the mailbox: they must not be shown after it, and no record of the
   * replacement would remain, least of all after a sleep or a kill. One on the socket is turned into a query.
   */
  endReplaced(registration: Registration, gone: readonly MailHeader[], context: Context): void {
    const newest = new Map<string, number>();
    for (const { collapseKey, seq } of gone) {
      if (collapseKey === null) continue;
      newest.set(collapseKey, Math.max(seq, newest.get(collapseKey) ?? 0));
    }
    if (newest.size === 0) return;
    const replaced = [...registration.mail.values()].filter(({ collapseKey, key }) => {
      const gone = collapseKey === null ? 0 : (newest.get(collapseKey) ?? 0);
      return (
        !registration.held.has(key) &&
        gone > registration.newest(collapseKey) &&
        (registration.inFlight.get(key)?.superseded ?? true)
      );
    });
    for (const { lane, key, fingerprint } of replaced) {
      const entry = registration.inFlight.get(key);
      if (entry === undefined) continue;
      entry.endIfDropped = "collapsed";
      entry.unstored = queryFor(registration, lane, key, fingerprint);
    }
    this.#endRows(registration, "collapsed", context, new Set(replaced));
  }

  /** Computes the same time for a message whenever called: if it depended on `now`, each wake would move the alarm, a row each. */
  #schedule({ expiresAt, seq, hold }: MailHeader): void {
    if (hold?.until !== undefined) {
      this.#scheduleAt(hold.until);
      return;
    }
    const slack = Math.min(
      Math.max((expiresAt - seqTimeMs(seq)) * DEADLINE_SLACK, DEADLINE_SLACK_MIN_MS),
      DEADLINE_SLACK_MAX_MS,
    );
    this.#scheduleAt(Math.ceil(expiresAt + slack));
  }

  #scheduleAt(at: number): void {
    if (this.#deadline === null || at < this.#deadline) this.#deadline = at;
  }
}

const told = (header: MailHeader) => ({ ...header, idSeq: idSeqOf(header) });
