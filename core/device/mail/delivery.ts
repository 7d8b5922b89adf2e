/**
 * Ack-through delivery: if nothing is ahead of a message it goes straight to the socket, and the device's acknowledgement answers
 * its sender. A row is written only if the acknowledgement does not arrive in time.
 */
import type { Message } from "../../../schema/generated/link.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { isReused } from "../../fingerprint.ts";
import type { Context } from "../../link/effects.ts";
import type { HybridClock } from "../../message/clock.ts";
import { contentBytes } from "../../message/options.ts";
import type { SendAnswer, SendRequest } from "../../message/send.ts";
import { isFollowed } from "../events/follow.ts";
import type { InFlight, Lane, Registration } from "../registration.ts";
import { idSeqOf } from "../store.ts";
import type { Waiter } from "../waits.ts";
import { holdOf } from "./hold.ts";
import type { InFlightMail, InFlightParts } from "./in-flight-mail.ts";
import type { MailSocket } from "./mail-socket.ts";
import type { Outbox } from "./outbox.ts";
import type { Recalls } from "./recalls.ts";
import { isOutdated } from "./recent-keys.ts";
import { firstWaitMs, isOverdue, KEY_REUSED, queuedAgain, repeatedAnswer } from "./send-rules.ts";

interface DeliveryParts extends InFlightParts {
  readonly clock: HybridClock;
  readonly inFlight: InFlightMail;
  readonly outbox: Outbox;
  readonly recalls: Recalls;
  readonly socket: MailSocket;
}

/** A waiting sender. A class instead of closures, so that a send allocates one object. */
class WaitingSender implements Waiter {
  readonly registration: Registration;
  readonly key: string;
  /** The rest of its wait after the first part, milliseconds. */
  restMs: number;
  readonly #delivery: Delivery;

  constructor(delivery: Delivery, registration: Registration, key: string, restMs: number) {
    this.#delivery = delivery;
    this.registration = registration;
    this.key = key;
    this.restMs = restMs;
  }

  timeout(token: number, context: Context): void {
    this.#delivery.timeout(this, token, context);
  }
}

export class Delivery {
  readonly #parts: DeliveryParts;

  constructor(parts: DeliveryParts) {
    this.#parts = parts;
  }

  /**
   * Answers a send whose message is known already. A message sent to this registration through an alias keeps its state after the
   * alias moves.
   *
   * @param key the request's key, base64url
   * @returns the answer, or a token as `accept` returns it; undefined for a new message
   */
  answerKnown(
    registration: Registration,
    request: SendRequest,
    key: string,
    context: Context,
  ): SendAnswer | number | undefined {
    const taken = request.alias?.taken;
    // Another holder took it: a copy at this registration must no longer be shown.
    if (taken?.seq === null) {
      this.#parts.recalls.withdraw(registration, key, context, request.fingerprint);
    }
    const known = this.#known(registration, request, key, context);
    if (known !== undefined || taken === undefined || taken.seq === null) return known;
    // This registration took it, and forgot the answer because of a kill or 128 newer answers.
    registration.remember(key, "delivered", taken.seq, request.fingerprint);
    return { ok: true, status: "delivered", seq: taken.seq };
  }

  /**
   * Accepts a new message.
   *
   * @returns the answer, or a token whose `settle` effect follows, after its timeout at the latest
   */
  accept(
    registration: Registration,
    request: SendRequest,
    key: string,
    context: Context,
  ): SendAnswer | number {
    const { clock, socket, outbox, mailbox, outcomes, events } = this.#parts;
    const { options } = request;
    const hold = holdOf(request, registration.timeZone, context.now);
    const lane = registration.lane(request.lane);
    const waits = registration.isQuiet && !options?.ignoreQuietHours;
    const live = socket.reaches(registration) && !waits;
    // Its number says that it has no row, and that without a trace of it nobody knows how it ended.
    const nowOrNever =
      hold === null && (request.ttlSeconds === 0 || (request.onlineOnly === true && !live));
    const seq = clock.next(context.now, nowOrNever);
    if (hold === null && live && !lane.hasMore && registration.hasRoom) {
      return this.#sendNow(registration, lane, request, key, seq, context);
    }
    if (nowOrNever) {
      registration.remember(key, "expired", seq, request.fingerprint);
      events.tell(registration, { key, idSeq: seq, options }, "accepted", context);
      events.tell(registration, { key, idSeq: seq, options }, "expired", context);
      return { ok: true, status: "expired", seq };
    }
    const put = mailbox.put(registration, request, { key, seq, hold }, context);
    if (put === "full") return { ok: false, code: "mailbox_full" };
    if (put === "overflowed") {
      const fingerprint = request.fingerprint ?? null;
      outcomes.record(registration.slot, "overflowed", [{ key, idSeq: seq, fingerprint }]);
      registration.remember(key, "overflowed", seq, fingerprint);
      events.tell(registration, { key, idSeq: seq, options }, "overflowed", context);
      return { ok: true, status: "overflowed", seq };
    }
    if (hold !== null) return { ok: true, status: "queued", seq, heldUntil: hold.until };
    if (live) {
      outbox.pump(registration, context);
      if (request.waitMs > 0) return this.#wait(registration, request, key);
    }
    return { ok: true, status: "queued", seq };
  }

  /** The answer for a message that this registration knows; undefined for a new one. */
  #known(
    registration: Registration,
    request: SendRequest,
    key: string,
    context: Context,
  ): SendAnswer | number | undefined {
    this.#parts.mailbox.expireIfDue(registration, key, context);
    const recent = registration.recent(key);
    const entry = registration.unsettled(key);
    // A query in progress may give a better answer than `sent`.
    const isQueried = recent?.status === "sent" && entry !== undefined;
    if (recent !== undefined && !isQueried && !isOutdated(recent, context.now))
      return repeatedAnswer(request, recent);
    if (entry !== undefined) {
      if (isReused(request.fingerprint, entry.fingerprint)) return KEY_REUSED;
      if (entry.ended !== null) return { ok: true, status: entry.ended, seq: entry.idSeq };
      if (request.waitMs > 0) return this.#wait(registration, request, key);
      const status = this.#parts.inFlight.makeDurable(registration, entry, true, context);
      return { ok: true, status, seq: entry.idSeq };
    }
    const row = registration.mail.get(key);
    if (row !== undefined) return queuedAgain(request, row);
    const ended = this.#parts.outcomes.find(registration.slot, key);
    return ended === undefined ? undefined : repeatedAnswer(request, ended);
  }

  #sendNow(
    registration: Registration,
    lane: Lane,
    request: SendRequest,
    key: string,
    seq: number,
    context: Context,
  ): SendAnswer | number {
    const nowOrNever = request.ttlSeconds === 0;
    const entry: InFlight = {
      seq,
      idSeq: seq,
      key,
      bytes: contentBytes(request),
      expiresAt: context.now + request.ttlSeconds * 1_000,
      sentAt: context.now,
      firstAckAlias: request.alias?.firstAckWins ? request.alias.alias : null,
      fingerprint: request.fingerprint ?? null,
      options: request.options ?? null,
      unstored: request,
      ended: null,
      withdrawn: false,
      superseded: false,
      endIfDropped: null,
      tokens: [],
    };
    registration.track(lane, entry);
    const message: Message = {
      slot: registration.slot,
      seq,
      key: request.key,
      priority: request.lane,
      contentType: request.contentType,
      data: request.data,
      ...(nowOrNever ? {} : { expiresAtMs: context.now + request.ttlSeconds * 1_000 }),
      remainingMs: nowOrNever
        ? request.waitMs || LIMITS.ACK_WAIT_DEFAULT_MS
        : request.ttlSeconds * 1_000,
      ...(request.collapseKey === null ? {} : { collapseKey: request.collapseKey }),
      ...(isFollowed(request.options) ? { report: true } : {}),
      ...(request.notification === undefined ? {} : { notification: request.notification }),
    };
    this.#parts.socket.deliver(registration, [message], context);
    this.#parts.events.tell(registration, entry, "accepted", context);
    this.#parts.events.tell(registration, entry, "sent", context);
    if (request.waitMs > 0) return this.#wait(registration, request, key);
    return {
      ok: true,
      status: this.#parts.inFlight.makeDurable(registration, entry, true, context),
      seq,
    };
  }

  #wait(registration: Registration, request: SendRequest, key: string): number {
    const restMs = request.waitMs - firstWaitMs(request);
    const waiter = new WaitingSender(this, registration, key, restMs);
    return this.#parts.senders.wait(registration, key, waiter);
  }

  /**
   * Handles the end of a sender's first or second wait. After the first, an overdue message on the socket is withdrawn, and the
   * rest of the wait is for the device's answer. After the second, the sender is answered.
   */
  timeout(waiting: WaitingSender, token: number, context: Context): void {
    const { mailbox, senders, socket, inFlight } = this.#parts;
    const { registration, key, restMs } = waiting;
    mailbox.expireIfDue(registration, key, context);
    if (!senders.isWaiting(token)) return;
    const entry = registration.unsettled(key);
    if (entry !== undefined && isOverdue(entry, registration, context.now)) {
      socket.withdrawOverdue(registration, key, context);
    }
    if (restMs > 0) {
      waiting.restMs = 0;
      context.effects.push({ kind: "wait", token, ms: restMs });
      return;
    }
    const tokens = entry?.tokens ?? registration.waiting.get(key);
    tokens?.splice(tokens.indexOf(token), 1);
    const row = registration.mail.get(key);
    const seq = entry?.idSeq ?? (row === undefined ? 0 : idSeqOf(row));
    const status =
      entry === undefined ? "queued" : inFlight.makeDurable(registration, entry, true, context);
    senders.settle([token], { ok: true, status, seq }, context);
  }
}
