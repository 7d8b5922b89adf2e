/** Durable queueing: what is put into a mailbox, and every way out of it but delivery. */
import { LIMITS } from "../../schema/limits.ts";
import type { Effects } from "../link/effects.ts";
import type { Ending, Outcomes } from "./outcomes.ts";
import { LANES, type Registration } from "./registration.ts";
import type { MailHeader, MailStore } from "./store.ts";
import type { SendRequest } from "./types.ts";

/** An alarm may come this much of the remaining life late, so that one alarm serves many messages. */
const DEADLINE_SLACK = 1 / 16;
/** And at most this late. Expiry is exact all the same: an expired row is never sent, nor called queued. */
const DEADLINE_SLACK_MAX_MS = 3_600_000;
const DEADLINE_SLACK_MIN_MS = 1_000;

/** Told of each message that ended here, so that whoever waits for it is answered. */
export type OnEnd = (
  registration: Registration,
  key: string,
  ended: { readonly status: Ending; readonly seq: number },
  effects: Effects,
) => void;

export class Mailbox {
  readonly #store: MailStore;
  readonly #outcomes: Outcomes;
  readonly #onEnd: OnEnd;
  #deadline: number | null = null;

  constructor(store: MailStore, outcomes: Outcomes, onEnd: OnEnd) {
    this.#store = store;
    this.#outcomes = outcomes;
    this.#onEnd = onEnd;
  }

  /** When the expiry of some row should be looked at; null while the mailbox never held one. */
  get deadline(): number | null {
    return this.#deadline;
  }

  /** Reads the rows of all registrations, as they were stored. */
  load(registrations: ReadonlyMap<number, Registration>, now: number): void {
    for (const header of this.#store.listMail()) {
      registrations.get(header.slot)?.addMail(header, false);
      this.#expect(header.expiresAt, now);
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
    now: number,
    effects: Effects,
  ): "queued" | "overflowed" | "full" {
    let replaced = replacedBy(registration, request);
    let dropped = droppedFor(registration, request, replaced);
    if (replaced.size > 0 || dropped?.size !== 0) {
      // What has expired is not replaced or dropped, and may leave room enough.
      this.expire(registration, now, effects);
      replaced = replacedBy(registration, request);
      dropped = droppedFor(registration, request, replaced);
    }
    if (dropped?.size !== 0 && request.onOverflow === "reject") return "full";
    if (dropped === null) return "overflowed";
    this.#leave(registration, "collapsed", effects, replaced);
    this.#leave(registration, "overflowed", effects, dropped);
    this.store(registration, request, key, seq, false, now, now);
    return "queued";
  }

  /**
   * Writes a row, whatever the limits: a message on the socket was counted by its own window.
   *
   * @param acceptedAt when its time to live began, milliseconds since 1970
   */
  store(
    registration: Registration,
    request: SendRequest,
    key: string,
    seq: number,
    onSocket: boolean,
    acceptedAt: number,
    now: number,
  ): void {
    const header: MailHeader = {
      seq,
      slot: registration.slot,
      lane: request.lane,
      key,
      bytes: request.data.length,
      expiresAt: acceptedAt + request.ttlSeconds * 1_000,
      collapseKey: request.collapseKey,
      firstAckAlias: request.alias?.firstAckWins ? request.alias.alias : null,
    };
    this.#store.insertMail(header, { contentType: request.contentType, data: request.data });
    registration.addMail(header, onSocket);
    this.#expect(header.expiresAt, now);
  }

  /** Deletes rows that were delivered; they have left their lanes. */
  delivered(registration: Registration, headers: readonly MailHeader[]): void {
    if (headers.length === 0) return;
    for (const header of headers) registration.dropMail(header);
    this.#store.deleteMail(headers.map((header) => header.seq));
  }

  /** Ends what has expired of one registration. */
  expire(registration: Registration, now: number, effects: Effects): void {
    const due = [...registration.mail.values()].filter(({ expiresAt }) => expiresAt <= now);
    this.#leave(registration, "expired", effects, new Set(due));
  }

  /** The same, where the message of this key is among what has expired. */
  expireIfDue(registration: Registration, key: string, now: number, effects: Effects): void {
    const row = registration.mail.get(key);
    if (row !== undefined && row.expiresAt <= now) this.expire(registration, now, effects);
  }

  /** Another holder of a shared alias took the message of this key, which waits here. */
  recall(registration: Registration, key: string, effects: Effects): void {
    const row = registration.mail.get(key);
    if (row !== undefined) this.#leave(registration, "recalled", effects, new Set([row]));
  }

  /** Ends everything that waits. */
  clear(registration: Registration, now: number, effects: Effects): void {
    this.expire(registration, now, effects);
    this.#leave(registration, "unregistered", effects, new Set(registration.mail.values()));
  }

  /** Looks at all expiries anew: call it when the deadline has come. */
  onDeadline(registrations: Iterable<Registration>, now: number, effects: Effects): void {
    this.#deadline = null;
    for (const registration of registrations) {
      this.expire(registration, now, effects);
      for (const header of registration.mail.values()) this.#expect(header.expiresAt, now);
    }
  }

  #leave(
    registration: Registration,
    status: Ending,
    effects: Effects,
    leaving: ReadonlySet<MailHeader>,
  ): void {
    if (leaving.size === 0) return;
    const ended = LANES.flatMap((lane) =>
      registration.lane(lane).take((header) => leaving.has(header)),
    );
    for (const header of ended) {
      const { key, seq } = header;
      registration.dropMail(header);
      registration.remember(key, status, seq);
      this.#onEnd(registration, key, { status, seq }, effects);
    }
    this.#store.deleteMail(ended.map((header) => header.seq));
    this.#outcomes.record(registration.slot, status, ended);
  }

  #expect(expiresAt: number, now: number): void {
    const slack = Math.min(
      Math.max((expiresAt - now) * DEADLINE_SLACK, DEADLINE_SLACK_MIN_MS),
      DEADLINE_SLACK_MAX_MS,
    );
    const at = Math.ceil(expiresAt + slack);
    if (this.#deadline === null || at < this.#deadline) this.#deadline = at;
  }
}

/** What waits under the collapse key of a newcomer; what is on the socket is past replacing. */
function replacedBy(registration: Registration, { collapseKey }: SendRequest): Set<MailHeader> {
  const replaced = new Set<MailHeader>();
  if (collapseKey === null) return replaced;
  for (const lane of LANES) {
    const { rows, sent } = registration.lane(lane);
    for (const header of rows.slice(sent)) {
      if (header.collapseKey === collapseKey) replaced.add(header);
    }
  }
  return replaced;
}

/**
 * What has to go before a newcomer fits, once what it replaces has gone: the oldest of the lowest priority that
 * is not above its own; null where it would not fit all the same.
 */
function droppedFor(
  registration: Registration,
  { data, lane: own }: SendRequest,
  replaced: ReadonlySet<MailHeader>,
): Set<MailHeader> | null {
  let messages = registration.mail.size + 1 - replaced.size;
  let bytes = registration.mailBytes + data.length;
  for (const header of replaced) bytes -= header.bytes;
  const fits = () => messages <= LIMITS.MAILBOX_MESSAGES && bytes <= LIMITS.MAILBOX_BYTES;
  const dropped = new Set<MailHeader>();
  for (const lane of LANES.toReversed()) {
    if (lane < own) break;
    const { rows, sent } = registration.lane(lane);
    for (let at = sent; at < rows.length && !fits(); at++) {
      const header = rows[at];
      if (header === undefined || replaced.has(header)) continue;
      dropped.add(header);
      messages--;
      bytes -= header.bytes;
    }
  }
  return fits() ? dropped : null;
}
