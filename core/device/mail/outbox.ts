/**
 * Sends the queued messages of the mailboxes, as far as the window of each registration allows.
 */
import { dataHash } from "../../../schema/data-hash.ts";
import type { Message } from "../../../schema/generated/link.ts";
import { LIMITS } from "../../../schema/limits.ts";
import type { Context } from "../../link/effects.ts";
import type { HybridClock } from "../../message/clock.ts";
import { decodeKey } from "../../message/key.ts";
import { PRIORITIES, type Priority } from "../../message/priority.ts";
import { isFollowed } from "../events/follow.ts";
import type { MessageEvents } from "../events/message-events.ts";
import type { InFlight, Lane, Registration } from "../registration.ts";
import { idSeqOf, type MailHeader, type MailStore } from "../store.ts";
import type { MailSocket } from "./mail-socket.ts";
import type { Mailbox } from "./mailbox.ts";
import type { Outcomes } from "./outcomes.ts";
import type { MessageQuery } from "./recent-keys.ts";
import { BINARY_CONTENT, queryFor } from "./send-rules.ts";

interface OutboxParts {
  readonly clock: HybridClock;
  readonly mailbox: Mailbox;
  readonly store: MailStore;
  readonly outcomes: Outcomes;
  readonly socket: MailSocket;
  readonly events: MessageEvents;
}

export class Outbox {
  readonly #parts: OutboxParts;

  constructor(parts: OutboxParts) {
    this.#parts = parts;
  }

  /** Sends queued messages, as far as the window allows: high before normal before low. */
  pump(registration: Registration, context: Context): void {
    if (!this.#parts.socket.reaches(registration)) return;
    for (const priority of PRIORITIES) {
      const state = registration.lane(priority);
      const upTo = registration.isQuiet
        ? this.#letThrough(registration, state, context)
        : Number.POSITIVE_INFINITY;
      while (
        this.#parts.socket.reaches(registration) &&
        state.hasMore &&
        state.next <= upTo &&
        registration.hasRoom
      ) {
        if ((state.rows[state.sent]?.expiresAt ?? Number.POSITIVE_INFINITY) <= context.now) {
          this.#parts.mailbox.expire(registration, context);
        } else {
          this.#sendBatch(registration, state, upTo, context);
        }
      }
    }
  }

  /**
   * In quiet hours, only messages with `ignoreQuietHours` are sent. Since numbers rise in a lane, the others that wait before one of them are moved behind
   * it, with a row written for each. Messages that an earlier link may have brought to the device are not moved, and are sent too.
   *
   * @returns the highest number that may be sent in the lane
   */
  #letThrough(registration: Registration, state: Lane, context: Context): number {
    const waiting = state.rows.slice(state.sent);
    const others = waiting.filter((row) => !goesAnyTime(row) && !registration.mayHaveReceived(row));
    const [first] = others;
    if (first !== undefined && waiting.findLastIndex(goesAnyTime) > waiting.indexOf(first))
      this.#parts.mailbox.putBehind(registration, others, () =>
        this.#parts.clock.next(context.now, false),
      );
    const from = Math.max(state.rows.findLastIndex(goesAnyTime) + 1, state.sent);
    return (state.rows[from]?.seq ?? Number.POSITIVE_INFINITY) - 1;
  }

  /**
   * The app attaches on a new link: queues a query for each message of earlier links that it may have. A query is the message without
   * its data and with no time left (docs/protocol.md, section 6).
   */
  queueQueries(registration: Registration, now: number): void {
    const open = this.#parts.outcomes.sent(registration.slot);
    const isOpen = new Set(open.map(({ key }) => key));
    const others = registration.queries(now).filter(({ key }) => !isOpen.has(key));
    for (const one of [...others, ...open]) {
      // A message whose alias is being notified is acknowledged.
      if (registration.unsettled(one.key) === undefined) registration.lane(one.lane).addQuery(one);
    }
  }

  /** Marks rows as on the socket, after the object slept with its link open. */
  restore(registration: Registration, lane: Priority, sentUpTo: number): void {
    const state = registration.lane(lane);
    for (const header of state.rows) {
      if (header.seq > sentUpTo) break;
      state.sent++;
      registration.track(state, inFlightOf(header, 0, registration.isSuperseded(header)));
    }
  }

  /** Sends one frame of a lane's messages, up to the first that has expired. */
  #sendBatch(registration: Registration, state: Lane, upTo: number, context: Context): void {
    const messages: Message[] = [];
    let bytes = 0;
    while (messages.length < LIMITS.DELIVER_MESSAGES && registration.hasRoom) {
      const header = state.rows[state.sent];
      const [query] = state.queries;
      if (state.next > upTo) break;
      if (query !== undefined && query.seq < (header?.seq ?? Number.POSITIVE_INFINITY)) {
        state.queries.shift();
        messages.push(this.#query(registration, state, query, context.now));
        continue;
      }
      if (
        header === undefined ||
        header.expiresAt <= context.now ||
        (messages.length > 0 && bytes + header.bytes > LIMITS.DELIVER_BYTES)
      )
        break;
      const entry = inFlightOf(header, context.now, registration.isSuperseded(header));
      const waiting = registration.waiting.get(header.key);
      if (waiting !== undefined) {
        entry.tokens.push(...waiting);
        registration.waiting.delete(header.key);
      }
      state.sent++;
      registration.track(state, entry);
      bytes += header.bytes;
      messages.push(this.#read(header, entry.superseded ? 0 : header.expiresAt - context.now));
      // A superseded message only asks whether the app has it.
      if (!entry.superseded) this.#parts.events.tell(registration, entry, "sent", context);
    }
    this.#parts.socket.deliver(registration, messages, context);
  }

  #query(registration: Registration, state: Lane, query: MessageQuery, now: number): Message {
    const { key, seq, idSeq, fingerprint, options, lane, dataHash, endIfDropped, firstAck } = query;
    const unstored = queryFor(registration, lane, key, fingerprint);
    registration.track(state, {
      ...{ key, seq, idSeq, fingerprint, options, dataHash, bytes: 0, sentAt: now },
      // With no time left, it arrives as if withdrawn.
      ...{ unstored, withdrawn: true, superseded: false, endIfDropped, ended: null, tokens: [] },
      firstAckAlias: firstAck?.alias ?? null,
      expiresAt: firstAck?.expiresAt ?? now,
    });
    return {
      ...{ slot: registration.slot, seq, key: unstored.key, priority: lane },
      ...{ contentType: BINARY_CONTENT, data: unstored.data, replay: true },
      // With an expiry of its own, no device takes it for a sign that a clock was set.
      ...{ expiresAtMs: now, remainingMs: 0 },
      ...(dataHash === null ? {} : { dataHash }),
    };
  }

  #read(header: MailHeader, remainingMs: number): Message {
    const body = this.#parts.store.readMail(header.seq);
    const key = decodeKey(header.key);
    // A header without its row means that memory and storage disagree: fail instead of guessing.
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
      remainingMs,
      ...(header.hold?.idSeq === undefined ? {} : { idSeq: header.hold.idSeq }),
      ...(remainingMs === 0 ? { dataHash: dataHash(body.data, body.notification) } : {}),
      ...(isFollowed(header.options) ? { report: true } : {}),
      ...(body.notification === undefined ? {} : { notification: body.notification }),
    };
  }
}

/** Whether it is sent in quiet hours too. */
const goesAnyTime = ({ options }: MailHeader): boolean => options?.ignoreQuietHours === true;

/** The `InFlight` of a row. */
function inFlightOf(header: MailHeader, sentAt: number, superseded: boolean): InFlight {
  const { seq, key, bytes, expiresAt, firstAckAlias, fingerprint, options } = header;
  return {
    ...{ seq, key, bytes, expiresAt, sentAt, firstAckAlias, fingerprint, options },
    idSeq: idSeqOf(header),
    ...{
      unstored: null,
      ended: null,
      withdrawn: false,
      superseded,
      endIfDropped: null,
      tokens: [],
    },
  };
}
