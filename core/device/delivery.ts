/**
 * Ack-through delivery: a message goes straight to the socket where nothing is ahead of it, and its sender
 * is answered by the device's acknowledgement; a row is written only where that does not come in time.
 */
import { CHANNEL_PUSH, encodePushDown, type Message } from "../../schema/generated/link.ts";
import type { MessageStatus } from "../../schema/http.ts";
import { LIMITS } from "../../schema/limits.ts";
import { fromBase64Url, toBase64Url } from "../../schema/text.ts";
import type { Effects } from "../link/effects.ts";
import type { Link } from "../link/link.ts";
import type { Aliases } from "./aliases.ts";
import type { HybridClock } from "./clock.ts";
import type { FirstAcks } from "./first-acks.ts";
import type { Mailbox, OnEnd } from "./mailbox.ts";
import type { Outcomes } from "./outcomes.ts";
import { type Flight, LANES, type LaneState, type Registration } from "./registration.ts";
import type { MailHeader, MailStore } from "./store.ts";
import type { Lane, SendAnswer, SendRequest } from "./types.ts";

/** Where a waiting send is to be found. */
interface Waiter {
  readonly registration: Registration;
  readonly key: string;
}

export interface DeliveryParts {
  readonly clock: HybridClock;
  readonly mailbox: Mailbox;
  readonly outcomes: Outcomes;
  readonly store: MailStore;
  /** The current link; null without one. */
  readonly link: () => Link | null;
  readonly aliases: Aliases;
  readonly firstAcks: FirstAcks;
  readonly nextToken: () => number;
}

export class Delivery {
  readonly #parts: DeliveryParts;
  readonly #waiters = new Map<number, Waiter>();

  constructor(parts: DeliveryParts) {
    this.#parts = parts;
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
    const known = this.#known(registration, request, key, now, effects);
    if (known !== undefined) return known;
    const { alias } = request;
    // Only now: what this registration was sent while it held the alias stays what it was.
    if (alias !== undefined && !this.#parts.aliases.holds(registration.slot, alias.alias)) {
      return { ok: false, code: "alias_stale" };
    }

    const nowOrNever = request.ttlSeconds === 0;
    const seq = this.#parts.clock.next(now, nowOrNever);
    const lane = registration.lane(request.lane);
    const live = this.#isLive(registration);
    if (live && lane.sent === lane.rows.length && registration.hasRoom) {
      return this.#sendNow(registration, lane, request, key, seq, now, effects);
    }
    if (nowOrNever) {
      registration.remember(key, "expired", seq);
      return { ok: true, status: "expired", seq };
    }
    const put = this.#parts.mailbox.put(registration, request, key, seq, now, effects);
    if (put === "full") return { ok: false, code: "mailbox_full" };
    if (put === "overflowed") {
      this.#parts.outcomes.record(registration.slot, "overflowed", [{ key, seq }]);
      registration.remember(key, "overflowed", seq);
      return { ok: true, status: "overflowed", seq };
    }
    if (live) {
      this.pump(registration, now, effects);
      if (request.waitMs > 0) return this.#wait(registration, key);
    }
    return { ok: true, status: "queued", seq };
  }

  /** The sender of this token waits no longer: it is answered in `effects`, unless it was answered before. */
  timeout(token: number, now: number, effects: Effects): void {
    const waiter = this.#waiters.get(token);
    if (waiter === undefined) return;
    const { registration, key } = waiter;
    this.#parts.mailbox.expireIfDue(registration, key, now, effects);
    if (!this.#waiters.has(token)) return;
    const flight = registration.flights.get(key);
    const tokens = flight?.tokens ?? registration.waiting.get(key);
    tokens?.splice(tokens.indexOf(token), 1);
    if (flight !== undefined) {
      const status = this.#secure(registration, flight, now);
      this.#settle([token], { ok: true, status, seq: flight.seq }, effects);
    } else {
      const seq = registration.mail.get(key)?.seq ?? 0;
      this.#settle([token], { ok: true, status: "queued", seq }, effects);
    }
  }

  /** A message ended in the mailbox: whoever waits for it is answered. */
  readonly onEnd: OnEnd = (registration, key, ended, effects) => {
    const answer: SendAnswer = { ok: true, ...ended };
    const flight = registration.flights.get(key);
    if (flight !== undefined) {
      flight.ended = ended.status;
      this.#settle(flight.tokens.splice(0), answer, effects);
    }
    this.#settle(registration.waiting.get(key) ?? [], answer, effects);
    registration.waiting.delete(key);
  };

  /**
   * The device has acknowledged a lane up to `seq`. Only what is on the socket counts, so a wrong number can
   * lose nothing that was not sent.
   *
   * @returns how many messages it acknowledged
   */
  acknowledge(
    registration: Registration,
    lane: Lane,
    seq: number,
    now: number,
    effects: Effects,
  ): number {
    const state = registration.lane(lane);
    let count = 0;
    while ((state.flights[count]?.seq ?? Number.POSITIVE_INFINITY) <= seq) count++;
    const landed = state.flights.splice(0, count);
    const keys = new Set<string>();
    const told = new Set<string>();
    for (const flight of landed) {
      registration.land(flight);
      // What has ended otherwise keeps that state: its sender may have been told.
      if (flight.ended !== null) continue;
      if (flight.firstAckAlias !== null) {
        told.add(flight.key);
        this.#tellFirst(registration, flight, flight.firstAckAlias, now, effects);
      } else if (flight.unstored === null) keys.add(flight.key);
      registration.remember(flight.key, "delivered", flight.seq);
      const answer: SendAnswer = { ok: true, status: "delivered", seq: flight.seq };
      this.#settle(flight.tokens, answer, effects);
    }
    // Their rows stay for now: see FirstAcks.
    for (const header of state.take(({ key }) => told.has(key))) registration.dropMail(header);
    if (keys.size > 0) {
      this.#parts.mailbox.delivered(
        registration,
        state.take((header) => keys.has(header.key)),
      );
    }
    // Also after an acknowledgement of nothing: flights that had no row are forgotten while the object sleeps, and
    // what waited for their place in the window would wait on.
    this.pump(registration, now, effects);
    return count;
  }

  /**
   * Another holder of a shared alias took the message. On the socket it is withdrawn if it was not shown yet; one that
   * has not come yet is not taken any more.
   */
  withdraw(registration: Registration, key: string, now: number, effects: Effects): void {
    const { mailbox, outcomes, clock } = this.#parts;
    mailbox.expireIfDue(registration, key, now, effects);
    const flight = registration.flights.get(key);
    if (registration.recent(key) !== undefined || (flight !== undefined && flight.ended !== null)) {
      return;
    }
    if (outcomes.find(registration.slot, key) !== undefined) return;
    if (flight !== undefined) this.#withdrawFromSocket(registration, key, effects);
    if (registration.mail.has(key)) {
      mailbox.recall(registration, key, effects);
      return;
    }
    const seq = flight?.seq ?? clock.next(now, false);
    registration.remember(key, "recalled", seq);
    if (flight === undefined) return;
    flight.ended = "recalled";
    if ((flight.unstored?.ttlSeconds ?? 0) > 0) {
      outcomes.record(registration.slot, "recalled", [{ key, seq }]);
    }
    this.#settle(flight.tokens.splice(0), { ok: true, status: "recalled", seq }, effects);
  }

  /** Sends what waits, as far as the window allows: high before normal before low. */
  pump(registration: Registration, now: number, effects: Effects): void {
    for (const lane of LANES) {
      const state = registration.lane(lane);
      while (this.#isLive(registration) && state.sent < state.rows.length && registration.hasRoom) {
        if ((state.rows[state.sent]?.expiresAt ?? 0) <= now) {
          this.#parts.mailbox.expire(registration, now, effects);
        } else {
          this.#sendBatch(registration, state, now, effects);
        }
      }
    }
  }

  /** The app no longer listens, or the link is gone: what is on the socket goes back to waiting. */
  ground(registration: Registration, now: number, effects: Effects): void {
    registration.attached = false;
    this.#parts.mailbox.expire(registration, now, effects);
    for (const lane of LANES) {
      const state = registration.lane(lane);
      for (const flight of state.flights.splice(0)) {
        const status = this.#secure(registration, flight, now);
        this.#settle(flight.tokens, { ok: true, status, seq: flight.seq }, effects);
        registration.land(flight);
      }
      state.sent = 0;
    }
    for (const [key, tokens] of registration.waiting) {
      const seq = registration.mail.get(key)?.seq ?? 0;
      this.#settle(tokens, { ok: true, status: "queued", seq }, effects);
    }
    registration.waiting.clear();
  }

  /** Marks rows as on the socket again, after the object slept with its link open. */
  restore(registration: Registration, lane: Lane, sentUpTo: number): void {
    const state = registration.lane(lane);
    for (const header of state.rows) {
      if (header.seq > sentUpTo) break;
      state.sent++;
      registration.takeOff(state, flightOf(header, 0));
    }
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
    if (recent !== undefined) return { ok: true, ...recent };
    const flight = registration.flights.get(key);
    if (flight !== undefined) {
      if (flight.ended !== null) return { ok: true, status: flight.ended, seq: flight.seq };
      if (request.waitMs > 0 || request.ttlSeconds === 0) return this.#wait(registration, key);
      return { ok: true, status: this.#secure(registration, flight, now), seq: flight.seq };
    }
    const row = registration.mail.get(key);
    if (row !== undefined) return { ok: true, status: "queued", seq: row.seq };
    const ended = this.#parts.outcomes.find(registration.slot, key);
    return ended === undefined ? undefined : { ok: true, ...ended };
  }

  #sendNow(
    registration: Registration,
    lane: LaneState,
    request: SendRequest,
    key: string,
    seq: number,
    now: number,
    effects: Effects,
  ): SendAnswer | number {
    const nowOrNever = request.ttlSeconds === 0;
    const flight: Flight = {
      seq,
      key,
      bytes: request.data.length,
      acceptedAt: now,
      sentAt: now,
      firstAckAlias: request.alias?.firstAckWins ? request.alias.alias : null,
      unstored: request,
      ended: null,
      tokens: [],
    };
    registration.takeOff(lane, flight);
    const message: Message = {
      slot: registration.slot,
      seq,
      key: request.key,
      priority: request.lane,
      contentType: request.contentType,
      data: request.data,
      ...(nowOrNever ? {} : { expiresAtMs: now + request.ttlSeconds * 1_000 }),
      ...(request.collapseKey === null ? {} : { collapseKey: request.collapseKey }),
    };
    this.#deliver([message], effects);
    // Only the acknowledgement can say what became of a now-or-never message, so its sender always waits.
    if (request.waitMs > 0 || nowOrNever) return this.#wait(registration, key);
    return { ok: true, status: this.#secure(registration, flight, now), seq };
  }

  /** Sends what waits of a lane, as far as one frame holds it and up to the first that has expired. */
  #sendBatch(registration: Registration, state: LaneState, now: number, effects: Effects): void {
    const messages: Message[] = [];
    let bytes = 0;
    while (messages.length < LIMITS.DELIVER_MESSAGES && registration.hasRoom) {
      const header = state.rows[state.sent];
      if (
        header === undefined ||
        header.expiresAt <= now ||
        (messages.length > 0 && bytes + header.bytes > LIMITS.DELIVER_BYTES)
      )
        break;
      const flight = flightOf(header, now);
      const waiting = registration.waiting.get(header.key);
      if (waiting !== undefined) {
        flight.tokens.push(...waiting);
        registration.waiting.delete(header.key);
      }
      state.sent++;
      registration.takeOff(state, flight);
      bytes += header.bytes;
      messages.push(this.#read(header));
    }
    this.#deliver(messages, effects);
  }

  #read(header: MailHeader): Message {
    const body = this.#parts.store.readMail(header.seq);
    const key = bytesOf(header.key);
    // A header without its row means that memory and storage disagree: failing is better than guessing.
    if (body === null) throw new Error(`row ${header.seq} is unreadable`);
    return {
      slot: header.slot,
      seq: header.seq,
      key,
      priority: header.lane,
      contentType: body.contentType,
      data: body.data,
      expiresAtMs: header.expiresAt,
      ...(header.collapseKey === null ? {} : { collapseKey: header.collapseKey }),
      replay: true,
    };
  }

  #withdrawFromSocket({ slot }: Registration, key: string, effects: Effects): void {
    const value = { slot, key: bytesOf(key) };
    const frame = encodePushDown({ kind: "withdraw", value });
    this.#parts.link()?.send(CHANNEL_PUSH, frame, effects);
  }

  #tellFirst(
    registration: Registration,
    { key, seq, unstored }: Flight,
    alias: string,
    now: number,
    effects: Effects,
  ): void {
    const row = unstored === null ? seq : null;
    this.#parts.firstAcks.tell(registration, alias, bytesOf(key), row, now, effects);
  }

  #deliver(messages: readonly Message[], effects: Effects): void {
    const frame = encodePushDown({ kind: "deliver", value: { messages } });
    this.#parts.link()?.send(CHANNEL_PUSH, frame, effects);
  }

  #isLive(registration: Registration): boolean {
    return registration.attached && (this.#parts.link()?.ready ?? false);
  }

  /** The sender of a flight cannot wait for its acknowledgement: makes it durable, and says what to answer. */
  #secure(registration: Registration, flight: Flight, now: number): MessageStatus {
    const { key, seq, unstored, acceptedAt } = flight;
    if (flight.ended !== null) return flight.ended;
    if (unstored === null) return "queued";
    // By the ttl itself: the clock may have been set back since a now-or-never message was accepted.
    if (unstored.ttlSeconds > 0 && acceptedAt + unstored.ttlSeconds * 1_000 > now) {
      this.#parts.mailbox.store(registration, unstored, key, seq, true, acceptedAt, now);
      flight.unstored = null;
      return "queued";
    }
    // The outcome of a now-or-never message is only in its answer, so that it costs no row.
    if (unstored.ttlSeconds > 0) {
      this.#parts.outcomes.record(registration.slot, "expired", [{ key, seq }]);
    }
    registration.remember(key, "expired", seq);
    flight.ended = "expired";
    return "expired";
  }

  #wait(registration: Registration, key: string): number {
    const token = this.#parts.nextToken();
    this.#waiters.set(token, { registration, key });
    const flight = registration.flights.get(key);
    if (flight !== undefined) flight.tokens.push(token);
    else registration.waiting.set(key, [...(registration.waiting.get(key) ?? []), token]);
    return token;
  }

  #settle(tokens: readonly number[], answer: SendAnswer, effects: Effects): void {
    for (const token of tokens) {
      this.#waiters.delete(token);
      effects.push({ kind: "settle", token, answer });
    }
  }
}

/** The flight of a row: it is stored already, so when it was accepted no longer matters. */
function flightOf(header: MailHeader, sentAt: number): Flight {
  const { seq, key, bytes, firstAckAlias } = header;
  const unstored = null;
  const ended = null;
  return { seq, key, bytes, acceptedAt: 0, sentAt, firstAckAlias, unstored, ended, tokens: [] };
}

/** The bytes of a key that the mesh wrote itself. */
function bytesOf(key: string): Uint8Array {
  const bytes = fromBase64Url(key);
  if (bytes === undefined) throw new Error(`${key} is no key`);
  return bytes;
}
