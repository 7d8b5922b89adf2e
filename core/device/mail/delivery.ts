/**
 * Ack-through delivery: a message goes straight to the socket where nothing is ahead of it, and its sender
 * is answered by the device's acknowledgement; a row is written only where that does not come in time.
 */
import type { Ack, Message } from "../../../schema/generated/link.ts";
import type { MessageStatus } from "../../../schema/http.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { toBase64Url } from "../../../schema/text.ts";
import { isReused } from "../../fingerprint.ts";
import type { Effects } from "../../link/effects.ts";
import type { HybridClock } from "../../message/clock.ts";
import { PRIORITIES } from "../../message/priority.ts";
import type { SendAnswer, SendRequest } from "../../message/send.ts";
import type { Aliases } from "../aliases/aliases.ts";
import type { FirstAcks } from "../aliases/first-acks.ts";
import type { InFlight, Lane, Registration } from "../registration.ts";
import type { Mailbox, OnEnd } from "./mailbox.ts";
import { type Outbox, questionOf } from "./outbox.ts";
import type { Ending, Outcomes } from "./outcomes.ts";
import { isForgotten } from "./recent-keys.ts";
import { againOf, askedOf, firstWaitMs, isOverdue, REUSED } from "./send-rules.ts";
import { Senders } from "./senders.ts";

export interface DeliveryParts {
  readonly clock: HybridClock;
  readonly mailbox: Mailbox;
  readonly outcomes: Outcomes;
  readonly outbox: Outbox;
  readonly aliases: Aliases;
  readonly firstAcks: FirstAcks;
  readonly nextToken: () => number;
}

export class Delivery {
  readonly #parts: DeliveryParts;
  readonly #senders: Senders;

  constructor(parts: DeliveryParts) {
    this.#parts = parts;
    this.#senders = new Senders(parts.nextToken);
  }

  /**
   * Accepts one message.
   *
   * @returns the answer, or a token: then a `settle` effect of that token follows, at the latest after `timeout(token)`
   */
  send(
    registration: Registration,
    request: SendRequest,
    now: number,
    effects: Effects,
  ): SendAnswer | number {
    const key = toBase64Url(request.key);
    const { alias } = request;
    // Where others took it, it is theirs: nothing that is with this registration is shown any more.
    if (alias?.taken?.seq === null) {
      this.withdraw(registration, key, now, effects, request.fingerprint);
    }
    const known = this.#known(registration, request, key, now, effects);
    if (known !== undefined) return known;
    // It took it itself, and a kill, or 128 others, made it forget the answer.
    const { seq: takenSeq = null } = alias?.taken ?? {};
    if (takenSeq !== null) {
      registration.remember(key, "delivered", takenSeq, request.fingerprint);
      return { ok: true, status: "delivered", seq: takenSeq };
    }
    // Only now: what this registration was sent while it held the alias stays what it was.
    if (
      alias !== undefined &&
      !this.#parts.aliases.holds(registration.slot, alias.alias, alias.shared)
    ) {
      this.#parts.aliases.doubt(registration, alias.alias, now, effects);
      return { ok: false, code: "alias_stale" };
    }

    const nowOrNever = request.ttlSeconds === 0;
    const seq = this.#parts.clock.next(now, nowOrNever);
    const lane = registration.lane(request.lane);
    const live = this.#parts.outbox.isLive(registration);
    if (live && !lane.hasMore && registration.hasRoom) {
      return this.#sendNow(registration, lane, request, key, seq, now, effects);
    }
    if (nowOrNever) {
      registration.remember(key, "expired", seq, request.fingerprint);
      return { ok: true, status: "expired", seq };
    }
    const put = this.#parts.mailbox.put(registration, request, key, seq, now, effects);
    if (put === "full") return { ok: false, code: "mailbox_full" };
    if (put === "overflowed") {
      const fingerprint = request.fingerprint ?? null;
      this.#parts.outcomes.record(registration.slot, "overflowed", [{ key, seq, fingerprint }]);
      registration.remember(key, "overflowed", seq, fingerprint);
      return { ok: true, status: "overflowed", seq };
    }
    if (live) {
      this.#parts.outbox.pump(registration, now, effects);
      if (request.waitMs > 0) return this.#wait(registration, request, key);
    }
    return { ok: true, status: "queued", seq };
  }

  /**
   * The first wait of the sender of this token is over, or the rest of it. What is on the socket and must not be shown
   * later is withdrawn first, and the rest of the wait is for the device's answer; then the sender is answered in
   * `effects`, unless it was before.
   */
  timeout(token: number, now: number, effects: Effects): void {
    const waiting = this.#senders.find(token);
    if (waiting === undefined) return;
    const { registration, key, restMs } = waiting;
    this.#parts.mailbox.expireIfDue(registration, key, now, effects);
    if (this.#senders.find(token) === undefined) return;
    const entry = registration.open(key);
    if (entry !== undefined && isOverdue(entry, registration, now)) {
      this.overdue(registration, key, effects);
    }
    if (restMs > 0) {
      waiting.restMs = 0;
      effects.push({ kind: "wait", token, ms: restMs });
      return;
    }
    const tokens = entry?.tokens ?? registration.waiting.get(key);
    tokens?.splice(tokens.indexOf(token), 1);
    const seq = entry?.seq ?? registration.mail.get(key)?.seq ?? 0;
    const status = entry === undefined ? "queued" : this.#secure(registration, entry, true, now);
    this.#senders.settle([token], { ok: true, status, seq }, effects);
  }

  /** The time of a message on the socket is over: the device is asked, once, to drop it if the app was not given it. */
  readonly overdue = (registration: Registration, key: string, effects: Effects): void => {
    const entry = registration.inFlight.get(key);
    if (entry === undefined || entry.withdrawn || entry.ended !== null) return;
    entry.withdrawn = true;
    this.#parts.outbox.withdraw(registration, key, effects);
  };

  /** A message ended in the mailbox: whoever waits for it is answered. */
  readonly onEnd: OnEnd = (registration, key, ended, effects) => {
    const answer: SendAnswer = { ok: true, ...ended };
    const entry = registration.inFlight.get(key);
    if (entry !== undefined && ended.status !== "sent") {
      entry.ended = ended.status;
      this.#senders.settle(entry.tokens.splice(0), answer, effects);
    }
    this.#senders.settle(registration.waiting.get(key) ?? [], answer, effects);
    registration.waiting.delete(key);
  };

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
    now: number,
    effects: Effects,
  ): number {
    const state = registration.lane(priority);
    const dropped = this.#discard(registration, state, discarded, effects);
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
        this.#tellFirst(registration, entry, entry.firstAckAlias, now, effects);
        if (isKept) continue;
      } else if (isStored) keys.add(entry.key);
      this.#delivered(registration, entry, effects);
    }
    const taken = state.take(({ key }) => told.has(key));
    for (const header of taken) registration.dropMail(header);
    this.#parts.outcomes.delivered(registration.slot, asked);
    if (keys.size > 0) {
      this.#parts.mailbox.delivered(
        registration,
        state.take((header) => keys.has(header.key)),
        effects,
      );
    }
    // Once all that was delivered with them has left.
    this.#parts.mailbox.endReplaced(registration, taken, effects);
    // Also after an acknowledgement of nothing: messages in flight that had no row are forgotten while the object sleeps, and
    // what waited for their place in the window would wait on.
    this.#parts.outbox.pump(registration, now, effects);
    return count + dropped;
  }

  #delivered(registration: Registration, entry: InFlight, effects: Effects): void {
    const { key, seq, fingerprint, tokens } = entry;
    registration.remember(key, "delivered", seq, fingerprint);
    this.#senders.settle(tokens.splice(0), { ok: true, status: "delivered", seq }, effects);
  }

  /** The row of a message that the device took first is gone, or goes now: it is delivered, durably. */
  #told(registration: Registration, entry: InFlight, effects: Effects): void {
    if (registration.telling.get(entry.key) !== entry) return;
    registration.telling.delete(entry.key);
    if (entry.left !== null) this.#parts.outcomes.delivered(registration.slot, [entry.key]);
    this.#delivered(registration, entry, effects);
  }

  /** The device dropped messages that the app was not given. @returns how many of them it had not answered for */
  #discard(
    registration: Registration,
    { inFlight }: Lane,
    discarded: readonly number[],
    effects: Effects,
  ): number {
    if (discarded.length === 0) return 0;
    const seqs = new Set(discarded);
    const dropped = inFlight.filter(({ seq, ended }) => ended === null && seqs.has(seq));
    for (const entry of dropped) {
      const status = entry.left ?? (entry.superseded ? "collapsed" : "expired");
      this.#end(registration, entry, status, effects);
    }
    const asked = dropped.flatMap(({ left, key }) => (left === null ? [] : [key]));
    this.#parts.outcomes.dropped(registration.slot, asked);
    return dropped.length;
  }

  /**
   * Another holder of a shared alias took the message. On the socket it is withdrawn if it was not shown yet; one that
   * has not come yet is not taken any more.
   */
  withdraw(
    registration: Registration,
    key: string,
    now: number,
    effects: Effects,
    fingerprint: number | null = null,
  ): void {
    const { mailbox, outcomes, clock } = this.#parts;
    mailbox.expireIfDue(registration, key, now, effects);
    if (registration.recent(key) !== undefined || registration.telling.has(key)) return;
    if (outcomes.find(registration.slot, key) !== undefined) return;
    if (registration.inFlight.has(key) || registration.mail.has(key)) {
      this.#recall(registration, [key], effects);
      return;
    }
    // Durably: its sender is answered by this, and what leaves no trace counts as delivered.
    const recalled = { key, seq: clock.next(now, false), fingerprint };
    outcomes.record(registration.slot, "recalled", [recalled]);
    registration.remember(key, "recalled", recalled.seq, fingerprint);
  }

  /**
   * The registration holds a shared alias no more, and so does not hear any more who takes a message: what is with it of its
   * `firstAckWins` messages is the others'. What it may have from a link that was lost it may have taken, and the alias may know
   * that: its answer decides. That is not shown any more either.
   */
  leave(registration: Registration, alias: string, now: number, effects: Effects): void {
    const { mail, inFlight } = registration;
    this.#parts.mailbox.expire(registration, now, effects);
    const rows = [...mail.values()].filter(({ firstAckAlias }) => firstAckAlias === alias);
    const asked = new Set(rows.filter((row) => registration.mayHave(row)));
    this.#parts.mailbox.leaveToDevice(registration, asked, effects);
    for (const { key, lane, fingerprint } of asked) {
      const entry = inFlight.get(key);
      if (entry === undefined) continue;
      if (!entry.withdrawn) this.#parts.outbox.withdraw(registration, key, effects);
      entry.withdrawn = true;
      entry.left = "recalled";
      entry.unstored = questionOf(registration, lane, key, fingerprint);
    }
    const rung = [...mail.values(), ...inFlight.values()].filter(
      ({ firstAckAlias, key }) => firstAckAlias === alias && inFlight.get(key)?.left !== "recalled",
    );
    this.#recall(registration, [...new Set(rung.map(({ key }) => key))], effects);
  }

  #recall(registration: Registration, keys: readonly string[], effects: Effects): void {
    const { mailbox, outbox, outcomes } = this.#parts;
    for (const key of keys) {
      const entry = registration.inFlight.get(key);
      if (entry === undefined || entry.ended !== null) continue;
      outbox.withdraw(registration, key, effects);
      if (entry.left !== null) outcomes.record(registration.slot, "recalled", [entry]);
      if (entry.unstored !== null) this.#end(registration, entry, "recalled", effects);
    }
    mailbox.end(registration, keys, "recalled", effects);
  }

  /** A message on the socket ends otherwise than by being taken. */
  #end(registration: Registration, entry: InFlight, status: Ending, effects: Effects): void {
    const { key, seq, unstored } = entry;
    if (unstored === null) {
      this.#parts.mailbox.end(registration, [key], status, effects);
      // Also where it had a row no more.
      entry.ended = status;
      return;
    }
    entry.ended = status;
    registration.remember(key, status, seq, entry.fingerprint);
    // The outcome of a now-or-never message is only in its answer, so that it costs no row.
    if (unstored.ttlSeconds > 0) {
      this.#parts.outcomes.record(registration.slot, status, [entry]);
    }
    this.#senders.settle(entry.tokens.splice(0), { ok: true, status, seq }, effects);
  }

  /** The registration ends: so does what is on its socket and has no row. Its rows end in the mailbox. */
  end(registration: Registration, effects: Effects): void {
    for (const entry of registration.telling.values()) this.#told(registration, entry, effects);
    const ended: InFlight[] = [];
    for (const entry of registration.inFlight.values()) {
      const { key, seq, unstored } = entry;
      if (entry.ended !== null || unstored === null) continue;
      entry.ended = "unregistered";
      registration.remember(key, "unregistered", seq, entry.fingerprint);
      if (unstored.ttlSeconds > 0) ended.push(entry);
      const answer: SendAnswer = { ok: true, status: "unregistered", seq };
      this.#senders.settle(entry.tokens.splice(0), answer, effects);
    }
    this.#parts.outcomes.record(registration.slot, "unregistered", ended);
  }

  /** The app no longer listens, or the link is gone: what is on the socket goes back to waiting. */
  detach(registration: Registration, now: number, effects: Effects): void {
    registration.attached = false;
    const inFlight: InFlight[] = [];
    for (const priority of PRIORITIES) {
      const state = registration.lane(priority);
      const done = state.inFlight.splice(0);
      registration.reach(priority, done.at(-1)?.seq ?? 0);
      inFlight.push(...done);
      state.sent = 0;
      state.asked.length = 0;
    }
    for (const entry of inFlight) {
      registration.untrack(entry);
      this.#secure(registration, entry, false, now);
    }
    this.#parts.mailbox.expire(registration, now, effects);
    // Their time was over once: a clock that is set back does not bring them back behind what came after them.
    const over = inFlight.flatMap(({ withdrawn, key }) => (withdrawn ? [key] : []));
    this.#parts.mailbox.end(registration, over, "expired", effects);
    // What replaced them has gone meanwhile, and the newest of them is not shown either.
    const superseded = inFlight.flatMap((entry) =>
      entry.superseded ? (registration.mail.get(entry.key) ?? []) : [],
    );
    const seqs = new Set(superseded.map(({ seq }) => seq));
    const keys = superseded
      .filter(({ collapseKey }) => seqs.has(registration.newest(collapseKey)))
      .map(({ key }) => key);
    this.#parts.mailbox.end(registration, keys, "collapsed", effects);
    for (const { ended, key, seq, tokens } of inFlight) {
      const left = registration.mail.has(key) ? "queued" : registration.recent(key)?.status;
      const status = ended ?? left ?? "sent";
      this.#senders.settle(tokens, { ok: true, status, seq }, effects);
    }
    for (const [key, tokens] of registration.waiting) {
      const seq = registration.mail.get(key)?.seq ?? 0;
      this.#senders.settle(tokens, { ok: true, status: "queued", seq }, effects);
    }
    registration.waiting.clear();
  }

  /** A send whose message is known already gets that message's answer. */
  #known(
    registration: Registration,
    request: SendRequest,
    key: string,
    now: number,
    effects: Effects,
  ): SendAnswer | number | undefined {
    this.#parts.mailbox.expireIfDue(registration, key, now, effects);
    const recent = registration.recent(key);
    const entry = registration.open(key);
    // A device that is being asked may say more than that it was sent.
    const isAsked = recent?.status === "sent" && entry !== undefined;
    if (recent !== undefined && !isAsked && !isForgotten(recent, now))
      return againOf(request, recent);
    if (entry !== undefined) {
      if (isReused(request.fingerprint, entry.fingerprint)) return REUSED;
      if (entry.ended !== null) return { ok: true, status: entry.ended, seq: entry.seq };
      if (request.waitMs > 0) return this.#wait(registration, request, key);
      const status = this.#secure(registration, entry, true, now);
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
    now: number,
    effects: Effects,
  ): SendAnswer | number {
    const nowOrNever = request.ttlSeconds === 0;
    const entry: InFlight = {
      seq,
      key,
      bytes: request.data.length,
      expiresAt: now + request.ttlSeconds * 1_000,
      sentAt: now,
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
      ...(nowOrNever ? {} : { expiresAtMs: now + request.ttlSeconds * 1_000 }),
      remainingMs: nowOrNever
        ? request.waitMs || LIMITS.ACK_WAIT_DEFAULT_MS
        : request.ttlSeconds * 1_000,
      ...(request.collapseKey === null ? {} : { collapseKey: request.collapseKey }),
    };
    this.#parts.outbox.deliver([message], effects);
    if (request.waitMs > 0) return this.#wait(registration, request, key);
    return { ok: true, status: this.#secure(registration, entry, true, now), seq };
  }

  #wait(registration: Registration, request: SendRequest, key: string): number {
    return this.#senders.wait(registration, key, request.waitMs - firstWaitMs(request));
  }

  #tellFirst(
    registration: Registration,
    entry: InFlight,
    alias: string,
    now: number,
    effects: Effects,
  ): void {
    const { key, seq, fingerprint, expiresAt, unstored } = entry;
    const first = { alias, key, seq, fingerprint, expiresAt, isStored: unstored === null };
    const onSettled = (out: Effects) => this.#told(registration, entry, out);
    this.#parts.firstAcks.tell(registration, first, onSettled, now, effects);
  }

  /**
   * Makes a message in flight durable: its sender does not wait for the acknowledgement, or the link is lost.
   *
   * @returns what to answer
   */
  #secure(
    registration: Registration,
    entry: InFlight,
    onSocket: boolean,
    now: number,
  ): MessageStatus {
    const { key, seq, unstored, expiresAt, left } = entry;
    if (entry.ended !== null) return entry.ended;
    if (unstored?.ttlSeconds === 0) {
      // Only the device knows whether it has it, and is asked on its next link. Remembered without a row of its own.
      if (!onSocket && left === null)
        registration.remember(key, "sent", seq, entry.fingerprint, askedOf(entry, unstored));
      return "sent";
    }
    if (!onSocket && unstored !== null && isOverdue(entry, registration, now)) {
      registration.remember(key, "sent", seq, entry.fingerprint);
      const open = { ...entry, ...askedOf(entry, unstored) };
      this.#parts.outcomes.leaveOpen(registration.slot, "expired", [open]);
      return "sent";
    }
    if (unstored !== null) {
      // Also where its time is over: without a row nothing would tell after a crash that it was not delivered.
      this.#parts.mailbox.store(registration, unstored, key, seq, onSocket, expiresAt);
      entry.unstored = null;
    }
    return isOverdue(entry, registration, now) ? "sent" : "queued";
  }
}
