/**
 * Final answers without a row of their own, by message key: a ring of the device's newest. It is kept in the socket's attachment while
 * the object sleeps, and in the link's row, which is written anyway when a link opens and when it is lost.
 */
import type { MessageStatus } from "../../../schema/http.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { fromBase64Url, KEY_BYTES, toBase64Url } from "../../../schema/text.ts";
import { isNowOrNever, seqTimeMs } from "../../message/clock.ts";
import type { KeptOptions } from "../../message/options.ts";
import type { Priority } from "../../message/priority.ts";
import { followBits, followOfBits } from "../events/follow.ts";
import type { Ending } from "./outcomes.ts";

/** The final answer of a message; a repeated request gets it again. */
export interface FinalAnswer {
  readonly status: MessageStatus;
  /** The number in its ID. */
  readonly seq: number;
  /** See `SendRequest.fingerprint`; null if unknown. */
  readonly fingerprint: number | null;
}

/** What a query about a message needs beside its key: see `Outbox.queueQueries`. */
export interface QueryFields {
  readonly lane: Priority;
  /** See `Message.dataHash`; null if unknown, because an older version did not store it. */
  readonly dataHash: number | null;
  /** See `followOf`. */
  readonly options: KeptOptions | null;
}

/** A message that was sent and not acknowledged before its link was lost: only the device knows whether the app has it. */
export interface MessageQuery extends QueryFields {
  readonly key: string;
  /** Its number on the link. */
  readonly seq: number;
  /** See `idSeqOf`. */
  readonly idSeq: number;
  readonly fingerprint: number | null;
  /** How it ends if the device dropped it; null for a ttl 0 message, which the log of outcomes does not have. */
  readonly endIfDropped: Ending | null;
  /** See `SentMessage.firstAck`. */
  readonly firstAck?: { readonly alias: string; readonly expiresAt: number };
}

/**
 * Whether an answer is outdated: if nobody has told for the lifetime of an idempotency key whether a ttl 0 message arrived, it is
 * unknown.
 */
export const isOutdated = ({ status, seq }: FinalAnswer, now: number): boolean =>
  status === "sent" && isNowOrNever(seq) && now - seqTimeMs(seq) > LIMITS.IDEMPOTENCY_KEY_MS;

/** Indexed by their number in an entry; append only. */
const STATUSES: readonly MessageStatus[] = [
  "queued",
  "delivered",
  "expired",
  "recalled",
  "collapsed",
  "overflowed",
  "unregistered",
  // Once a status that no message ever had.
  "expired",
  "sent",
];

/**
 * An entry: slot, status with flags, key, fingerprint, seq, priority (0 if it is not to be queried) with the bits of who follows it, hash
 * of the data.
 */
const ENTRY_BYTES = 28;
/** An entry of an older version: without the hash. These have no `FORM` byte before the first. */
const OLD_ENTRY_BYTES = 24;
/** The first byte of the stored form: no slot is that high. */
const FORM = 0xff;
const STATUS_AT = 1;
const KEY_AT = 2;
const FINGERPRINT_AT = KEY_AT + KEY_BYTES;
const SEQ_AT = FINGERPRINT_AT + 4;
const LANE_AT = SEQ_AT + 8;
const HASH_AT = LANE_AT + 1;
/** Flags in the status byte. */
const HAS_FINGERPRINT = 0x80;
const HAS_HASH = 0x40;
const STATUS_BITS = 0x3f;
/** Of the byte with the priority. */
const LANE_BITS = 0x03;
const FOLLOW_SHIFT = 2;

export class RecentKeys {
  readonly #bytes = new Uint8Array(LIMITS.RECENT_KEYS * ENTRY_BYTES);
  readonly #view = new DataView(this.#bytes.buffer);
  /** Number of entries ever added; modulo the size of the ring it is the index of the next. */
  #added = 0;

  /** Changes whenever `bytes` changes for a reason other than time. */
  get version(): number {
    return this.#added;
  }

  /** @param query for a message that may be queried: see `queries` */
  add(
    slot: number,
    key: string,
    { status, seq, fingerprint }: FinalAnswer,
    query?: QueryFields,
  ): void {
    const bytes = fromBase64Url(key);
    const number = STATUSES.indexOf(status);
    // A key of another length or an unknown status does not fit into an entry; the caller remembers it in memory.
    if (bytes?.length !== KEY_BYTES || number < 0) return;
    const at = (this.#added++ % LIMITS.RECENT_KEYS) * ENTRY_BYTES;
    this.#bytes[at] = slot;
    const dataHash = query?.dataHash ?? null;
    this.#bytes[at + STATUS_AT] =
      number | (fingerprint === null ? 0 : HAS_FINGERPRINT) | (dataHash === null ? 0 : HAS_HASH);
    this.#bytes.set(bytes, at + KEY_AT);
    this.#view.setUint32(at + FINGERPRINT_AT, fingerprint ?? 0);
    this.#view.setFloat64(at + SEQ_AT, seq);
    this.#bytes[at + LANE_AT] = (query?.lane ?? 0) | (followBits(query?.options) << FOLLOW_SHIFT);
    this.#view.setInt32(at + HASH_AT, dataHash ?? 0);
  }

  /** The newest final answer of a key. */
  find(slot: number, key: string): FinalAnswer | undefined {
    if (this.#added === 0) return undefined;
    const bytes = fromBase64Url(key);
    if (bytes?.length !== KEY_BYTES) return undefined;
    const oldest = Math.max(0, this.#added - LIMITS.RECENT_KEYS);
    for (let n = this.#added - 1; n >= oldest; n--) {
      const at = (n % LIMITS.RECENT_KEYS) * ENTRY_BYTES;
      if (this.#bytes[at] !== slot || !this.#hasKey(at + KEY_AT, bytes)) continue;
      const status = this.#bytes[at + STATUS_AT] ?? 0;
      const fingerprint = this.#view.getUint32(at + FINGERPRINT_AT);
      return {
        status: STATUSES[status & STATUS_BITS] ?? "queued",
        seq: this.#view.getFloat64(at + SEQ_AT),
        fingerprint: (status & HAS_FINGERPRINT) === 0 ? null : fingerprint,
      };
    }
    return undefined;
  }

  /** Messages of a slot to query, oldest first. */
  queries(slot: number, now: number): MessageQuery[] {
    const found = new Map<string, MessageQuery>();
    for (let n = Math.max(0, this.#added - LIMITS.RECENT_KEYS); n < this.#added; n++) {
      const at = (n % LIMITS.RECENT_KEYS) * ENTRY_BYTES;
      const laneByte = this.#bytes[at + LANE_AT] ?? 0;
      const lane = laneByte & LANE_BITS;
      const options = followOfBits(laneByte >> FOLLOW_SHIFT);
      if (this.#bytes[at] !== slot || (lane !== 1 && lane !== 2 && lane !== 3)) continue;
      const key = toBase64Url(this.#bytes.subarray(at + KEY_AT, at + KEY_AT + KEY_BYTES));
      const newest = this.find(slot, key);
      if (newest?.status !== "sent" || isOutdated(newest, now)) continue;
      const { seq, fingerprint } = newest;
      const isHashed = ((this.#bytes[at + STATUS_AT] ?? 0) & HAS_HASH) !== 0;
      const dataHash = isHashed ? this.#view.getInt32(at + HASH_AT) : null;
      const fields: QueryFields = { lane, dataHash, options };
      found.set(key, { key, seq, idSeq: seq, fingerprint, ...fields, endIfDropped: null });
    }
    return [...found.values()].sort((a, b) => a.seq - b.seq);
  }

  /** Forgets the entries of a slot that is being reused. */
  drop(slot: number): void {
    for (let at = 0; at < this.#bytes.length; at += ENTRY_BYTES) {
      if (this.#bytes[at] === slot) this.#bytes[at] = 0;
    }
  }

  /**
   * The stored form: oldest first, without entries whose idempotency key has expired.
   *
   * @param isFinal leaves out messages to be queried: their answer is only in memory, and must not be reverted
   */
  bytes(now: number, isFinal = false): Uint8Array {
    const kept = new Uint8Array(1 + Math.min(this.#added, LIMITS.RECENT_KEYS) * ENTRY_BYTES);
    kept[0] = FORM;
    let length = 1;
    for (let n = Math.max(0, this.#added - LIMITS.RECENT_KEYS); n < this.#added; n++) {
      const at = (n % LIMITS.RECENT_KEYS) * ENTRY_BYTES;
      const acceptedAt = seqTimeMs(this.#view.getFloat64(at + SEQ_AT));
      if (this.#bytes[at] === 0 || now - acceptedAt > LIMITS.IDEMPOTENCY_KEY_MS) continue;
      const status = (this.#bytes[at + STATUS_AT] ?? 0) & STATUS_BITS;
      if (isFinal && STATUSES[status] === "sent") continue;
      kept.set(this.#bytes.subarray(at, at + ENTRY_BYTES), length);
      length += ENTRY_BYTES;
    }
    return kept.slice(0, length === 1 ? 0 : length);
  }

  /** Replaces the entries by stored ones. */
  load(bytes: Uint8Array): void {
    const isOld = bytes[0] !== FORM;
    const size = isOld ? OLD_ENTRY_BYTES : ENTRY_BYTES;
    const entries = isOld ? bytes : bytes.subarray(1);
    this.#added = Math.min(Math.floor(entries.length / size), LIMITS.RECENT_KEYS);
    for (let n = 0; n < this.#added; n++) {
      this.#bytes.set(entries.subarray(n * size, (n + 1) * size), n * ENTRY_BYTES);
    }
  }

  /** `bytes` for the link's row; undefined if empty. */
  save(now: number, isFinal: boolean): string | undefined {
    const bytes = this.bytes(now, isFinal);
    return bytes.length === 0 ? undefined : toBase64Url(bytes);
  }

  #hasKey(at: number, key: Uint8Array): boolean {
    for (let i = 0; i < KEY_BYTES; i++) if (this.#bytes[at + i] !== key[i]) return false;
    return true;
  }
}
