/** What senders were told, and what the device's apps saw: where the two may not contradict each other. */
import type { StatusAnswer } from "../../../../core/device/types.ts";
import type { WaitAnswer } from "../../../../core/link/effects.ts";
import type { Message } from "../../../../schema/generated/link.ts";
import type { MessageStatus } from "../../../../schema/http.ts";
import type { MemoryStore } from "../support/memory-store.ts";

/** One idempotency key of one app's sender. */
export interface Sent {
  readonly app: string;
  readonly key: string;
  readonly ttlSeconds: number;
  /** The sequence number that was told last. */
  seq: number | undefined;
  /** What its sender was told last of each number: after a kill one key may have another, and a message ID names one of them. */
  readonly told: Map<number, MessageStatus>;
  accepted: boolean;
  /** Some attempt was told its end: that of a ttl 0 message is nowhere else. */
  ended: boolean;
  /** Times the app saw it. */
  shown: number;
  /** The number under which it was shown. */
  shownSeq: number | undefined;
  /** The device dropped it because it came too late, or for a newer one. */
  discarded: boolean;
}

/** What is told and may still change. */
const OPEN: readonly MessageStatus[] = ["queued", "sent"];

/** What is not said of a message that its app was given. */
const DROPPED: readonly MessageStatus[] = ["expired", "collapsed", "overflowed", "recalled"];

/** The number of a message that has a row. */
export function rowOf(
  { mail, registrations }: MemoryStore,
  { app, key }: Sent,
): number | undefined {
  for (const { header } of mail.values())
    if (header.key === key && registrations.get(header.slot)?.app === app) return header.seq;
  return undefined;
}

export class Violation extends Error {
  override readonly name = "Violation";
}

export class Ledger {
  readonly sent: Sent[] = [];
  readonly #byKey = new Map<string, Sent>();
  /** The attempt that made each number: numbers them as the mesh accepted them. */
  readonly #attempts = new Map<string, number>();
  #nextAttempt = 0;
  /** Attempts that wait for the disk, with all that comes of them. */
  readonly #held = new Map<Sent, number>();
  /** Of each app's lane, the attempt that was shown last. */
  readonly #shownLast = new Map<string, number>();

  /** A sender makes a request, perhaps again. */
  attempt(app: string, key: string, ttlSeconds: number): Sent {
    this.#nextAttempt++;
    const id = `${app} ${key}`;
    const known = this.#byKey.get(id);
    if (known !== undefined) return known;
    const sent: Sent = {
      app,
      key,
      ttlSeconds,
      seq: undefined,
      told: new Map(),
      accepted: false,
      ended: false,
      shown: 0,
      shownSeq: undefined,
      discarded: false,
    };
    this.#byKey.set(id, sent);
    this.sent.push(sent);
    return sent;
  }

  find(app: string, key: string): Sent {
    const sent = this.#byKey.get(`${app} ${key}`);
    if (sent === undefined)
      throw new Violation(`P7.7 ${app} was given ${key}, which nobody sent to it`);
    return sent;
  }

  /** The mesh gave a message a number: a new one means that it knew nothing of an earlier attempt. */
  numbered(sent: Sent, seq: number): void {
    const id = `${sent.app} ${sent.key} ${seq}`;
    if (this.#attempts.has(id)) return;
    this.#attempts.set(id, this.#held.get(sent) ?? this.#nextAttempt);
  }

  /** What comes of the last attempt comes when the disk has stored what was before it. */
  hold(sent: Sent): void {
    if (!this.#held.has(sent)) this.#held.set(sent, this.#nextAttempt);
  }

  /** Nothing waits for the disk. */
  release(): void {
    this.#held.clear();
  }

  /** A sender is answered. */
  answered(sent: Sent, answer: WaitAnswer): void {
    if (!answer.ok || !("seq" in answer)) return;
    this.numbered(sent, answer.seq);
    sent.seq = answer.seq;
    sent.accepted = true;
    this.#tell(sent, answer.seq, answer.status);
  }

  /** A sender asked what became of the message ID that it was told last. */
  statusAnswered(sent: Sent, answer: StatusAnswer, seq = sent.seq ?? 0): void {
    if (answer.ok) this.#tell(sent, seq, answer.status);
  }

  /** The mesh puts a message on the socket. */
  emitted(sent: Sent, { seq, expiresAtMs, remainingMs }: Message, now: number): void {
    this.numbered(sent, seq);
    // What is sent for its answer alone is shown to nobody.
    if (expiresAtMs !== undefined && expiresAtMs <= now && remainingMs !== 0) {
      throw new Violation(`P4.5 ${sent.key} goes out after its time`);
    }
    const told = sent.told.get(seq);
    if (told !== undefined && !OPEN.includes(told)) {
      throw new Violation(`${sent.key} goes out although its sender was told ${told}`);
    }
  }

  /** An app sees a message for the first time, as far as its duplicate window reaches. */
  showed(sent: Sent, { seq, priority }: Message): void {
    if (++sent.shown > 1) throw new Violation(`P2.1 ${sent.key} was shown twice`);
    sent.shownSeq = seq;
    const lane = `${sent.app} ${priority}`;
    const attempt = this.#attempts.get(`${sent.app} ${sent.key} ${seq}`) ?? 0;
    if (attempt <= (this.#shownLast.get(lane) ?? 0)) {
      throw new Violation(`P3.1 ${sent.key} came after what was accepted later`);
    }
    this.#shownLast.set(lane, attempt);
  }

  #tell(sent: Sent, seq: number, status: MessageStatus): void {
    const told = sent.told.get(seq);
    if (told !== undefined && !OPEN.includes(told) && told !== status) {
      throw new Violation(`${sent.key} was ${told}, and is told to be ${status}`);
    }
    if (status === "delivered" && sent.shown === 0) {
      throw new Violation(`P4.1 ${sent.key} is called delivered, and was not`);
    }
    if (DROPPED.includes(status) && sent.shownSeq === seq) {
      throw new Violation(`P4.1 ${sent.key} is called ${status}, and was shown`);
    }
    sent.told.set(seq, status);
    if (!OPEN.includes(status)) sent.ended = true;
  }
}
