/** Durable queueing: what is put into a mailbox, and every way out of it but delivery. */
import { dataHash } from "../../../schema/data-hash.ts";
import { LIMITS } from "../../../schema/limits.ts";
import type { Context } from "../../link/effects.ts";
import { seqTimeMs } from "../../message/clock.ts";
import { PRIORITIES } from "../../message/priority.ts";
import type { SendRequest } from "../../message/send.ts";
import type { Registration } from "../registration.ts";
import type { MailHeader, MailStore } from "../store.ts";
import type { MailSocket } from "./mail-socket.ts";
import type { Ending, OpenMessage, Outcomes } from "./outcomes.ts";
import { questionOf } from "./send-rules.ts";
import type { Senders } from "./senders.ts";

/** An alarm may come this much of the message's life late, so that one alarm serves many messages. */
const DEADLINE_SLACK = 1 / 16;
/** And at most this late. Expiry is exact all the same: an expired row is never sent, nor called queued. */
const DEADLINE_SLACK_MAX_MS = 3_600_000;
const DEADLINE_SLACK_MIN_MS = 1_000;
/** How often a message is looked at that is overdue on a socket: an alarm is a row, and such a one is rare. */
const OVERDUE_RECHECK_MS = 600_000;

export class Mailbox {
  readonly #store: MailStore;
  readonly #outcomes: Outcomes;
  readonly #senders: Senders;
  readonly #socket: MailSocket;
  #deadline: number | null = null;

  constructor(store: MailStore, outcomes: Outcomes, senders: Senders, socket: MailSocket) {
    this.#store = store;
    this.#outcomes = outcomes;
    this.#senders = senders;
    this.#socket = socket;
  }

  /** When the expiry of some row should be looked at; null where no row waited at the last look, and none came since. */
  get deadline(): number | null {
    return this.#deadline;
  }

  /** Reads the rows of all registrations, as they were stored. */
  load(registrations: ReadonlyMap<number, Registration>): void {
    for (const header of this.#store.listMail()) {
      registrations.get(header.slot)?.addMail(header, false);
      this.#expect(header);
    }
  }

  /**
   * Queues a message that is not on the socket: replaces waiting ones of its collapse key, makes room by policy.
   * Nothing leaves for a message that is not queued in the end.
   *
   * @returns "queued", "overflowed" where all that waits is of higher priority, or "full" where it is to be refused
   */
  put(
    registration: Registration,
    request: SendRequest,
    key: string,
    seq: number,
    context: Context,
  ): "queued" | "overflowed" | "full" {
    let replaced = replacedBy(registration, request);
    let dropped = droppedFor(registration, request, replaced);
    if (replaced.size > 0 || dropped?.size !== 0) {
      // What has expired is not replaced or dropped, and may leave room enough.
      this.expire(registration, context);
      replaced = replacedBy(registration, request);
      dropped = droppedFor(registration, request, replaced);
    }
    if (dropped?.size !== 0 && request.onOverflow === "reject") return "full";
    if (dropped === null) return "overflowed";
    this.#leave(registration, "collapsed", context, replaced);
    this.#leave(registration, "overflowed", context, dropped);
    this.store(registration, request, key, seq, false, context.now + request.ttlSeconds * 1_000);
    return "queued";
  }

  /**
   * Writes a row, whatever the limits: a message on the socket was counted by its own window.
   *
   * @param expiresAt when its time to live is over, milliseconds since 1970
   */
  store(
    registration: Registration,
    request: SendRequest,
    key: string,
    seq: number,
    onSocket: boolean,
    expiresAt: number,
  ): void {
    const header: MailHeader = {
      seq,
      slot: registration.slot,
      lane: request.lane,
      key,
      bytes: request.data.length,
      expiresAt,
      collapseKey: request.collapseKey,
      firstAckAlias: request.alias?.firstAckWins ? request.alias.alias : null,
      fingerprint: request.fingerprint ?? null,
    };
    this.#store.insertMail(header, { contentType: request.contentType, data: request.data });
    registration.addMail(header, onSocket);
    this.#expect(header);
  }

  /**
   * The app listens on a new link, whose device has said how far it has come. Of what was on a socket and never reached it, what had
   * left the mailbox has ended, and what waits before a newer message of its collapse key is replaced by that. What may have reached
   * it is sent for its answer alone.
   *
   * @param lastSeq the highest number that ever reached this app, or a higher one
   */
  replaceUnseen(registration: Registration, lastSeq: number, context: Context): void {
    registration.reachNoFurther(lastSeq);
    const unseen = this.#outcomes.open(registration.slot).filter(({ seq }) => seq > lastSeq);
    for (const { key, left, seq, fingerprint } of unseen) {
      registration.remember(key, left, seq, fingerprint);
    }
    this.#outcomes.dropped(
      registration.slot,
      unseen.map(({ key }) => key),
    );
    const replaced = [...registration.mail.values()].filter(
      (header) => header.seq > lastSeq && registration.isSuperseded(header),
    );
    this.#leave(registration, "collapsed", context, new Set(replaced));
  }

  /** Deletes rows that were delivered; they have left their lanes. */
  delivered(registration: Registration, headers: readonly MailHeader[], context: Context): void {
    if (headers.length === 0) return;
    for (const header of headers) registration.dropMail(header);
    this.#store.deleteMail(headers.map((header) => header.seq));
    this.endReplaced(registration, headers, context);
  }

  /** Ends what has expired of one registration; what is on its socket ends with the device's answer. */
  expire(registration: Registration, context: Context): void {
    const due = new Set<MailHeader>();
    for (const header of registration.mail.values()) {
      if (header.expiresAt > context.now) continue;
      if (registration.inFlight.has(header.key)) {
        this.#socket.withdrawOverdue(registration, header.key, context);
      } else due.add(header);
    }
    this.#leave(registration, "expired", context, due);
  }

  /** The same, where the message of this key is among what has expired. */
  expireIfDue(registration: Registration, key: string, context: Context): void {
    const row = registration.mail.get(key);
    if (row !== undefined && row.expiresAt <= context.now) this.expire(registration, context);
  }

  /** Ends the messages of these keys, as far as they have rows. */
  end(registration: Registration, keys: readonly string[], status: Ending, context: Context): void {
    const rows = keys.flatMap((key) => registration.mail.get(key) ?? []);
    this.#leave(registration, status, context, new Set(rows));
  }

  /**
   * The same for rows that the device may have, on its socket or not: they leave as `sent`, and its answer ends them, as `recalled` where
   * it dropped them. Of one that it took, the alias is told.
   */
  leaveToDevice(registration: Registration, rows: ReadonlySet<MailHeader>, context: Context): void {
    this.#leave(registration, "recalled", context, rows, () => true);
  }

  /** Ends everything that waits. */
  clear(registration: Registration, context: Context): void {
    this.expire(registration, context);
    this.#leave(registration, "unregistered", context, new Set(registration.mail.values()));
    // Nobody is asked any more.
    const open = this.#outcomes.open(registration.slot);
    for (const { key, seq, fingerprint } of open) {
      registration.remember(key, "unregistered", seq, fingerprint);
    }
    this.#outcomes.record(registration.slot, "unregistered", open);
  }

  /** Looks at all expiries anew: call it when the deadline has come. */
  onDeadline(registrations: Iterable<Registration>, context: Context): void {
    this.#deadline = null;
    for (const registration of registrations) {
      this.expire(registration, context);
      for (const header of registration.mail.values()) {
        // What is overdue on the socket ends with its answer or its link; this is for a host that misses the link's end.
        if (header.expiresAt <= context.now) this.#expectAt(context.now + OVERDUE_RECHECK_MS);
        else this.#expect(header);
      }
    }
  }

  #leave(
    registration: Registration,
    status: Ending,
    context: Context,
    leaving: ReadonlySet<MailHeader>,
    asks = (header: MailHeader) => isAsked(registration, header, status),
  ): void {
    if (leaving.size === 0) return;
    const { slot } = registration;
    const ended: MailHeader[] = [];
    const open: (MailHeader & OpenMessage)[] = [];
    for (const priority of PRIORITIES) {
      for (const header of registration.lane(priority).take((row) => leaving.has(row))) {
        const isOpen = asks(header);
        const { key, seq, fingerprint, firstAckAlias: alias, expiresAt } = header;
        registration.dropMail(header);
        registration.remember(key, isOpen ? "sent" : status, seq, fingerprint);
        this.#senders.settleEnded(
          registration,
          key,
          { status: isOpen ? "sent" : status, seq },
          context,
        );
        if (!isOpen) {
          ended.push(header);
          continue;
        }
        const body = this.#store.readMail(seq);
        const isTold = status === "recalled" && alias !== null;
        const one = {
          ...{ ...header, left: status, dataHash: body && dataHash(body.data) },
          ...(isTold ? { firstAck: { alias, expiresAt } } : {}),
        };
        open.push(one);
        // On the socket it is being asked after. Else nothing behind it in its lane has been sent on this link.
        if (registration.attached && !registration.inFlight.has(key))
          registration.lane(priority).ask(one);
      }
    }
    this.#store.deleteMail([...ended, ...open].map(({ seq }) => seq));
    this.#outcomes.record(slot, status, ended);
    this.#outcomes.leaveOpen(slot, status, open);
    // What is replaced leaves for one that is still to come, or has gone already.
    if (status !== "collapsed") this.endReplaced(registration, [...ended, ...open], context);
  }

  /**
   * What waited before a message of its collapse key that has gone is not shown after it: it was replaced, and nothing
   * would tell of that any more, least of all after a sleep or a kill. So it leaves also where it is on the socket for its answer.
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
        gone > registration.newest(collapseKey) &&
        (registration.inFlight.get(key)?.superseded ?? true)
      );
    });
    for (const { lane, key, fingerprint } of replaced) {
      const entry = registration.inFlight.get(key);
      if (entry === undefined) continue;
      entry.left = "collapsed";
      entry.unstored = questionOf(registration, lane, key, fingerprint);
    }
    this.#leave(registration, "collapsed", context, new Set(replaced));
  }

  /** Says the same of a message whenever it is asked: by the time now, each wake would move the alarm, a row each time. */
  #expect({ expiresAt, seq }: MailHeader): void {
    const slack = Math.min(
      Math.max((expiresAt - seqTimeMs(seq)) * DEADLINE_SLACK, DEADLINE_SLACK_MIN_MS),
      DEADLINE_SLACK_MAX_MS,
    );
    this.#expectAt(Math.ceil(expiresAt + slack));
  }

  #expectAt(at: number): void {
    if (this.#deadline === null || at < this.#deadline) this.#deadline = at;
  }
}

/**
 * Whether only the device knows how a message ends that leaves the mailbox: it may have it from a link that was lost. What another
 * holder took, and what its registration leaves behind, ends so whatever the device did; see `leaveToDevice`, too.
 */
function isAsked(registration: Registration, header: MailHeader, status: Ending): boolean {
  const entry = registration.inFlight.get(header.key);
  if (entry !== undefined) return entry.left === status;
  return (
    (status === "expired" || status === "overflowed" || status === "collapsed") &&
    registration.mayHave(header)
  );
}

/** What waits under the collapse key of a newcomer; what is on a socket, or was on one, is past replacing. */
function replacedBy(registration: Registration, { collapseKey }: SendRequest): Set<MailHeader> {
  const replaced = new Set<MailHeader>();
  if (collapseKey === null) return replaced;
  for (const priority of PRIORITIES) {
    const { rows, sent } = registration.lane(priority);
    for (const header of rows.slice(sent)) {
      if (header.collapseKey === collapseKey && !registration.mayHave(header)) {
        replaced.add(header);
      }
    }
  }
  return replaced;
}

/**
 * What has to go before a newcomer fits, once what it replaces has gone: the oldest of the lowest priority that
 * is not above its own, and no more than that one; null where there is none. What was on a socket and came back may be
 * above the bound, and is not made to pay for it.
 */
function droppedFor(
  registration: Registration,
  { data, lane: own }: SendRequest,
  replaced: ReadonlySet<MailHeader>,
): Set<MailHeader> | null {
  const fits =
    registration.mail.size - replaced.size < LIMITS.MAILBOX_MESSAGES &&
    registration.mailBytes - bytesOf(replaced) + data.length <= LIMITS.MAILBOX_BYTES;
  if (fits) return new Set();
  for (const priority of PRIORITIES.toReversed()) {
    if (priority < own) break;
    const { rows, sent } = registration.lane(priority);
    const oldest = rows.slice(sent).find((header) => !replaced.has(header));
    if (oldest !== undefined) return new Set([oldest]);
  }
  return null;
}

function bytesOf(headers: ReadonlySet<MailHeader>): number {
  let sum = 0;
  for (const { bytes } of headers) sum += bytes;
  return sum;
}
