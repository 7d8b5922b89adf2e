/**
 * Ack-through delivery: a message goes straight to the socket where nothing is ahead of it, and its sender is answered by the
 * device's acknowledgement. A row is written only where that does not come in time.
 */
import type { Message } from "../../../schema/generated/link.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { isReused } from "../../fingerprint.ts";
import type { Context } from "../../link/effects.ts";
import type { HybridClock } from "../../message/clock.ts";
import type { SendAnswer, SendRequest } from "../../message/send.ts";
import type { InFlight, Lane, Registration } from "../registration.ts";
import type { Waiter } from "../waits.ts";
import type { InFlightMail, InFlightParts } from "./in-flight-mail.ts";
import type { MailSocket } from "./mail-socket.ts";
import type { Outbox } from "./outbox.ts";
import type { Recalls } from "./recalls.ts";
import { isForgotten } from "./recent-keys.ts";
import { againOf, firstWaitMs, isOverdue, REUSED } from "./send-rules.ts";

export interface DeliveryParts extends InFlightParts {
  readonly clock: HybridClock;
  readonly inFlight: InFlightMail;
  readonly outbox: Outbox;
  readonly recalls: Recalls;
  readonly socket: MailSocket;
}

/** A sender that waits: one object a send, and no closure. */
class WaitingSender implements Waiter {
  readonly registration: Registration;
  readonly key: string;
  /** How much longer it waits once its first wait is over, milliseconds. */
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
   * What a send is answered by what is known of its message already; undefined for a message that is new. What was sent to this
   * registration while it held an alias stays what it was.
   *
   * @param key of the request, base64url
   */
  answerKnown(
    registration: Registration,
    request: SendRequest,
    key: string,
    context: Context,
  ): SendAnswer | number | undefined {
    const taken = request.alias?.taken;
    // Where others took it, it is theirs: nothing that is with this registration is shown any more.
    if (taken?.seq === null) {
      this.#parts.recalls.withdraw(registration, key, context, request.fingerprint);
    }
    const known = this.#known(registration, request, key, context);
    if (known !== undefined || taken === undefined || taken.seq === null) return known;
    // It took it itself, and a kill, or 128 others, made it forget the answer.
    registration.remember(key, "delivered", taken.seq, request.fingerprint);
    return { ok: true, status: "delivered", seq: taken.seq };
  }

  /**
   * Accepts a message that is new.
   *
   * @returns the answer, or a token: then a `settle` effect of that token follows, at the latest when it times out
   */
  accept(
    registration: Registration,
    request: SendRequest,
    key: string,
    context: Context,
  ): SendAnswer | number {
    const { clock, socket, outbox, mailbox, outcomes } = this.#parts;
    const nowOrNever = request.ttlSeconds === 0;
    const seq = clock.next(context.now, nowOrNever);
    const lane = registration.lane(request.lane);
    const live = socket.reaches(registration);
    if (live && !lane.hasMore && registration.hasRoom) {
      return this.#sendNow(registration, lane, request, key, seq, context);
    }
    if (nowOrNever) {
      registration.remember(key, "expired", seq, request.fingerprint);
      return { ok: true, status: "expired", seq };
    }
    const put = mailbox.put(registration, request, key, seq, context);
    if (put === "full") return { ok: false, code: "mailbox_full" };
    if (put === "overflowed") {
      const fingerprint = request.fingerprint ?? null;
      outcomes.record(registration.slot, "overflowed", [{ key, seq, fingerprint }]);
      registration.remember(key, "overflowed", seq, fingerprint);
      return { ok: true, status: "overflowed", seq };
    }
    if (live) {
      outbox.pump(registration, context);
      if (request.waitMs > 0) return this.#wait(registration, request, key);
    }
    return { ok: true, status: "queued", seq };
  }

  /** A send whose message is known already gets that message's answer. */
  #known(
    registration: Registration,
    request: SendRequest,
    key: string,
    context: Context,
  ): SendAnswer | number | undefined {
    this.#parts.mailbox.expireIfDue(registration, key, context);
    const recent = registration.recent(key);
    const entry = registration.open(key);
    // A device that is being asked may say more than that it was sent.
    const isAsked = recent?.status === "sent" && entry !== undefined;
    if (recent !== undefined && !isAsked && !isForgotten(recent, context.now))
      return againOf(request, recent);
    if (entry !== undefined) {
      if (isReused(request.fingerprint, entry.fingerprint)) return REUSED;
      if (entry.ended !== null) return { ok: true, status: entry.ended, seq: entry.seq };
      if (request.waitMs > 0) return this.#wait(registration, request, key);
      const status = this.#parts.inFlight.secure(registration, entry, true, context.now);
      return { ok: true, status, seq: entry.seq };
    }
    const row = registration.mail.get(key);
    if (row !== undefined) return againOf(request, { ...row, status: "queued" });
    const ended = this.#parts.outcomes.find(registration.slot, key);
    return ended === undefined ? undefined : againOf(request, ended);
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
      key,
      bytes: request.data.length,
      expiresAt: context.now + request.ttlSeconds * 1_000,
      sentAt: context.now,
      firstAckAlias: request.alias?.firstAckWins ? request.alias.alias : null,
      fingerprint: request.fingerprint ?? null,
      unstored: request,
      ended: null,
      withdrawn: false,
      superseded: false,
      left: null,
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
    };
    this.#parts.socket.deliver([message], context);
    if (request.waitMs > 0) return this.#wait(registration, request, key);
    return {
      ok: true,
      status: this.#parts.inFlight.secure(registration, entry, true, context.now),
      seq,
    };
  }

  #wait(registration: Registration, request: SendRequest, key: string): number {
    const restMs = request.waitMs - firstWaitMs(request);
    const waiter = new WaitingSender(this, registration, key, restMs);
    return this.#parts.senders.wait(registration, key, waiter);
  }

  /**
   * The first wait of a sender is over, or the rest of it. What is on the socket and must not be shown later is withdrawn first, and
   * the rest of the wait is for the device's answer; then the sender is answered.
   */
  timeout(waiting: WaitingSender, token: number, context: Context): void {
    const { mailbox, senders, socket, inFlight } = this.#parts;
    const { registration, key, restMs } = waiting;
    mailbox.expireIfDue(registration, key, context);
    if (!senders.isWaiting(token)) return;
    const entry = registration.open(key);
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
    const seq = entry?.seq ?? registration.mail.get(key)?.seq ?? 0;
    const status =
      entry === undefined ? "queued" : inFlight.secure(registration, entry, true, context.now);
    senders.settle([token], { ok: true, status, seq }, context);
  }
}
