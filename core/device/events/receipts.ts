/**
 * Receipts: the ends of messages that were sent with `receipts`, and what devices report of them, for the app's webhooks; and messages with a label,
 * for the list of that label. An event is stored with the end of its message, several events of an app in one row. A call delivers a row to the app's
 * webhooks, and is repeated until it is answered.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import {
  MESSAGE_ENDS,
  MESSAGE_REPORTS,
  type MessageEventName,
} from "../../../schema/http/enums.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { formatMessageId, toBase64Url } from "../../../schema/text.ts";
import { backoffMs, isDue } from "../../backoff.ts";
import type { CallResult, Context } from "../../link/effects.ts";
import { type HybridClock, seqTimeMs } from "../../message/clock.ts";
import { decodeKey } from "../../message/key.ts";
import { webhookNameOf } from "../../webhook/names.ts";
import type { LabelledMessage, WebhookEvent } from "../../webhook/types.ts";
import type { Calls } from "../calls.ts";
import type { DeviceIdentity } from "../identity.ts";
import type { Registration } from "../registration.ts";
import type { ReceiptRecord, ReceiptStore } from "../store.ts";
import type { EventSink, FollowedEvent } from "./message-events.ts";

interface ReceiptParts {
  readonly store: ReceiptStore;
  readonly calls: Calls;
  readonly clock: HybridClock;
  readonly identity: DeviceIdentity;
  /** The name of the device's object. */
  readonly name: string;
  /** 0 to 1, different for each device. */
  readonly spread: number;
  /** How many objects the webhooks of an app are spread over. */
  readonly webhookShards: number;
}

/** The receipts of one app. */
interface Outbox {
  /** Oldest first. A row that was in a call never changes, so that a repeated call is the same. */
  readonly rows: ReceiptRecord[];
  /** Whether more events may be added to the last row. */
  isOpen: boolean;
  isCalling: boolean;
  failures: number;
  /** When the next call is due, milliseconds since 1970. */
  dueAt: number;
}

/** Time after which a call without an answer is repeated. */
const AGAIN_MS = 30_000;

const TOLD: ReadonlySet<MessageEventName> = new Set([...MESSAGE_ENDS, ...MESSAGE_REPORTS]);

/** A message with a label, on its way to the list of that label: it travels as receipts do. */
const LISTED = "listed";
type Listed = LabelledMessage & { readonly type: typeof LISTED };
const isListed = (entry: WebhookEvent | Listed): entry is Listed => entry.type === LISTED;

const SILENCED = "push_disabled";
/** Bytes of an event's ID. */
const ID_BYTES = 15;
const utf8 = new TextEncoder();

/** The ID of an event, derived from what identifies it: the same after a kill. */
export const eventId = (...of: readonly (string | number)[]): string =>
  `evt_${toBase64Url(sha256(utf8.encode(of.join("\0"))).subarray(0, ID_BYTES))}`;

export class Receipts implements EventSink {
  readonly #parts: ReceiptParts;
  readonly #outboxes = new Map<string, Outbox>();

  constructor(parts: ReceiptParts) {
    this.#parts = parts;
  }

  /** Reads the rows. Each may have been in a call before. */
  load(now: number): void {
    for (const record of this.#parts.store.listReceipts()) {
      const outbox = this.#of(record.app, now);
      outbox.rows.push(record);
      this.#parts.clock.observe(record.n);
    }
  }

  /** Whether receipts wait for the webhooks. */
  get isOwing(): boolean {
    return this.#outboxes.size > 0;
  }

  /** When to call `onDeadline`, with or without a link; null for never. */
  get deadline(): number | null {
    let first: number | null = null;
    for (const { isCalling, dueAt } of this.#outboxes.values()) {
      const at = isCalling ? dueAt + AGAIN_MS : dueAt;
      first = Math.min(first ?? at, at);
    }
    return first;
  }

  take(told: FollowedEvent, { now }: Context): void {
    const { registration, key, seq, options, source, event, at } = told;
    const { label } = options;
    const isReceipt = options.receipts === true && TOLD.has(event);
    if (!isReceipt && (event !== "accepted" || label === undefined)) return;
    const { identity, name } = this.#parts;
    const { app } = registration.record;
    const { regId } = identity.registration(app, registration.generation);
    const messageId = formatMessageId({ seq, key: decodeKey(key), regId: source ?? regId });
    if (!isReceipt) {
      const message = { label: label ?? "", at: seqTimeMs(seq), id: messageId, regId };
      this.#add(app, { type: LISTED, ...message }, now);
      return;
    }
    this.#add(
      app,
      {
        id: eventId(name, seq, event, at),
        type: event as WebhookEvent["type"],
        at,
        regId,
        messageId,
        ...(label === undefined ? {} : { label }),
      },
      now,
    );
  }

  /** The user lets the app show no notifications any more. Writes one row. */
  silenced({ record: { app }, generation }: Registration, { now }: Context): void {
    const { identity, name } = this.#parts;
    const { regId } = identity.registration(app, generation);
    const id = eventId(name, app, generation, SILENCED, now);
    this.#add(app, { id, type: SILENCED, at: now, regId }, now);
  }

  /** Makes the calls that are due. Call it at the end of each handler, so that the events of a handler go in one call. */
  pump(context: Context): void {
    for (const [app, outbox] of this.#outboxes) {
      if (outbox.isCalling || !isDue(outbox.dueAt, context.now)) continue;
      this.#call(app, outbox, context);
    }
  }

  /** Adds an event to the app's row. Writes one row. */
  #add(app: string, event: WebhookEvent | Listed, now: number): void {
    const { store, clock } = this.#parts;
    const outbox = this.#of(app, now);
    const last = outbox.rows.at(-1);
    if (last !== undefined && outbox.isOpen) {
      const events = `${last.events.slice(0, -1)},${JSON.stringify(event)}]`;
      const isFull = events.length > LIMITS.RECEIPTS_CALL_BYTES;
      if (!isFull) {
        const record = { ...last, events };
        outbox.rows[outbox.rows.length - 1] = record;
        store.putReceipts(record);
        return;
      }
    }
    const record = { n: clock.next(now, false), app, events: `[${JSON.stringify(event)}]` };
    outbox.rows.push(record);
    outbox.isOpen = true;
    store.putReceipts(record);
    this.#makeRoom(outbox);
  }

  /** Drops the oldest row at the bound: the app's webhooks have not answered for long. */
  #makeRoom({ rows, isCalling }: Outbox): void {
    if (rows.length <= LIMITS.RECEIPTS_ROWS) return;
    const [oldest] = rows.splice(isCalling ? 1 : 0, 1);
    if (oldest !== undefined) this.#parts.store.deleteReceipts(oldest.n);
  }

  #call(app: string, outbox: Outbox, context: Context): void {
    const [record] = outbox.rows;
    if (record === undefined) return;
    const { calls, name, spread, webhookShards } = this.#parts;
    outbox.isCalling = true;
    outbox.dueAt = context.now;
    const begin = () => {
      if (outbox.rows.length === 1) outbox.isOpen = false;
      // Includes events that were added while the call waited for its turn.
      const { n, events } = outbox.rows[0] ?? record;
      const entries = JSON.parse(events) as readonly (WebhookEvent | Listed)[];
      const labelled = entries.filter(isListed).map(({ type: _, ...message }) => message);
      const request = {
        packet: `${name}.${n}`,
        events: entries.filter((entry): entry is WebhookEvent => !isListed(entry)),
        ...(labelled.length === 0 ? {} : { labelled }),
      };
      const object = webhookNameOf(app, spread, webhookShards);
      return { kind: "webhook", name: object, call: { method: "accept", request } } as const;
    };
    const done = (result: CallResult, later: Context): void => {
      outbox.isCalling = false;
      if (result.ok) {
        // Also if it was refused: no webhook wants these events.
        outbox.failures = 0;
        outbox.dueAt = later.now;
        const [paid] = outbox.rows.splice(0, 1);
        if (paid !== undefined) this.#parts.store.deleteReceipts(paid.n);
        if (outbox.rows.length === 0) this.#outboxes.delete(app);
      } else outbox.dueAt = later.now + backoffMs(++outbox.failures, spread);
      this.pump(later);
    };
    calls.enqueue({ begin, done }, context);
  }

  #of(app: string, now: number): Outbox {
    const found = this.#outboxes.get(app);
    if (found !== undefined) return found;
    const outbox = { rows: [], isOpen: false, isCalling: false, failures: 0, dueAt: now };
    this.#outboxes.set(app, outbox);
    return outbox;
  }
}
