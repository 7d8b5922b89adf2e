/** Durable queueing: what is put into a mailbox, and every way out of it but delivery. */
import { LIMITS } from "../../schema/limits.ts";
import type { Effects } from "../link/effects.ts";
import type { Ending, Outcomes } from "./outcomes.ts";
import { LANES, type Registration } from "./registration.ts";
import type { MailHeader, MailStore } from "./store.ts";
import type { SendAnswer, SendRequest } from "./types.ts";

/** An alarm may come this much of the remaining life late, so that one alarm serves many messages. */
const DEADLINE_SLACK = 1 / 16;
/** And at most this late. Expiry is exact all the same: an expired row is never sent, nor called queued. */
const DEADLINE_SLACK_MAX_MS = 3_600_000;
const DEADLINE_SLACK_MIN_MS = 1_000;

/** Told of each message that ended here, so that whoever waits for it is answered. */
export type OnEnd = (
  registration: Registration,
  key: string,
  answer: SendAnswer,
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
   * Returns what became of it: "queued", "overflowed" where all that waits is of higher priority, or "full".
   */
  put(
    registration: Registration,
    request: SendRequest,
    key: string,
    seq: number,
    now: number,
    effects: Effects,
  ): "queued" | "overflowed" | "full" {
    if (request.collapseKey !== null) {
      this.#leave(registration, "collapsed", effects, (header, onSocket) => {
        return !onSocket && header.collapseKey === request.collapseKey;
      });
    }
    if (this.#isFull(registration, request.data.length)) {
      this.expire(registration, now, effects);
      if (this.#isFull(registration, request.data.length)) {
        if (request.onOverflow === "reject") return "full";
        if (!this.#makeRoom(registration, request, effects)) return "overflowed";
      }
    }
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
    this.#leave(registration, "expired", effects, (header) => header.expiresAt <= now);
  }

  /** Ends everything that waits. */
  clear(registration: Registration, effects: Effects): void {
    this.#leave(registration, "unregistered", effects, () => true);
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
    leaves: (header: MailHeader, onSocket: boolean) => boolean,
  ): void {
    const ended = LANES.flatMap((lane) => registration.lane(lane).take(leaves));
    if (ended.length === 0) return;
    for (const header of ended) {
      const { key, seq } = header;
      registration.dropMail(header);
      registration.remember(key, status, seq);
      this.#onEnd(registration, key, { ok: true, status, seq }, effects);
    }
    this.#store.deleteMail(ended.map((header) => header.seq));
    this.#outcomes.record(registration.slot, status, ended);
  }

  #isFull(registration: Registration, bytes: number): boolean {
    return (
      registration.mail.size >= LIMITS.MAILBOX_MESSAGES ||
      registration.mailBytes + bytes > LIMITS.MAILBOX_BYTES
    );
  }

  /** Drops the oldest of the lowest priority that is not above the newcomer's, until it fits. */
  #makeRoom(registration: Registration, request: SendRequest, effects: Effects): boolean {
    const dropped = new Set<MailHeader>();
    let bytes = registration.mailBytes + request.data.length;
    for (const lane of [...LANES].reverse()) {
      if (lane < request.lane) break;
      const { rows, sent } = registration.lane(lane);
      for (const header of rows.slice(sent)) {
        const count = registration.mail.size - dropped.size;
        if (count < LIMITS.MAILBOX_MESSAGES && bytes <= LIMITS.MAILBOX_BYTES) break;
        dropped.add(header);
        bytes -= header.bytes;
      }
    }
    // Nothing is dropped for a message that would not fit all the same.
    if (bytes > LIMITS.MAILBOX_BYTES) return false;
    if (registration.mail.size - dropped.size >= LIMITS.MAILBOX_MESSAGES) return false;
    this.#leave(registration, "overflowed", effects, (header) => dropped.has(header));
    return true;
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
