/**
 * Final answers that no row tells of, by message key: with the socket while the object sleeps, and in the link's row, which is
 * written when a link opens and when it is lost, so that they cost no row. The newest of the whole device.
 */
import type { MessageStatus } from "../../../schema/http.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { fromBase64Url, KEY_BYTES, toBase64Url } from "../../../schema/text.ts";
import { isNowOrNever, seqTimeMs } from "../../message/clock.ts";
import type { Priority } from "../../message/priority.ts";
import type { Ending } from "./outcomes.ts";

/** A final answer, as a repeated request gets it. */
export interface Final {
  readonly status: MessageStatus;
  readonly seq: number;
  /** See `SendRequest.fingerprint`; null where it is not known. */
  readonly fingerprint: number | null;
}

/** How a device is asked after a message, without its data. */
export interface Asked {
  readonly lane: Priority;
  /** See `Message.dataHash`; null where it is not known: an older version did not keep it. */
  readonly dataHash: number | null;
}

/** A message that went out and was not answered for before its link was lost: only the device knows whether the app has it. */
export interface Unanswered extends Asked {
  readonly key: string;
  readonly seq: number;
  readonly fingerprint: number | null;
  /** Its end where the device dropped it, once the log of outcomes has it as `sent`; null for one of ttl 0, which is only here. */
  readonly left: Ending | null;
  /** See `OpenMessage.firstAck`. */
  readonly firstAck?: { readonly alias: string; readonly expiresAt: number };
}

/**
 * Whether an answer is one no more: what nobody has said for the life of a key, whether a now-or-never message was taken, is
 * not known any longer.
 */
export const isForgotten = ({ status, seq }: Final, now: number): boolean =>
  status === "sent" && isNowOrNever(seq) && now - seqTimeMs(seq) > LIMITS.IDEMPOTENCY_KEY_MS;

/** By their number in an entry; append only. */
const STATUSES: readonly MessageStatus[] = [
  "queued",
  "delivered",
  "expired",
  "recalled",
  "collapsed",
  "overflowed",
  "unregistered",
  "filtered",
  "sent",
];

/** An entry: slot, status with flags, key, fingerprint, seq, the lane (0 where it is not asked after), and the hash of the data. */
const ENTRY_BYTES = 28;
/** Without the hash, and with no `FORM` before the first: how an older version kept them. */
const OLD_ENTRY_BYTES = 24;
/** What is kept begins with it: no slot is as high. */
const FORM = 0xff;
const STATUS_AT = 1;
const KEY_AT = 2;
const FINGERPRINT_AT = KEY_AT + KEY_BYTES;
const SEQ_AT = FINGERPRINT_AT + 4;
const LANE_AT = SEQ_AT + 8;
const HASH_AT = LANE_AT + 1;
/** In the byte of the status. */
const HAS_FINGERPRINT = 0x80;
const HAS_HASH = 0x40;
const STATUS_BITS = 0x3f;

export class RecentKeys {
  readonly #bytes = new Uint8Array(LIMITS.RECENT_KEYS * ENTRY_BYTES);
  readonly #view = new DataView(this.#bytes.buffer);
  /** Entries ever added; the next is put at this number modulo the size of the ring. */
  #added = 0;

  /** Changes whenever `bytes` would for another reason than time. */
  get version(): number {
    return this.#added;
  }

  /** @param asked of a message that may be asked after: see `unanswered` */
  add(slot: number, key: string, { status, seq, fingerprint }: Final, asked?: Asked): void {
    const bytes = fromBase64Url(key);
    const number = STATUSES.indexOf(status);
    // A key of another length, or a status that it does not know, is remembered in memory alone.
    if (bytes?.length !== KEY_BYTES || number < 0) return;
    const at = (this.#added++ % LIMITS.RECENT_KEYS) * ENTRY_BYTES;
    this.#bytes[at] = slot;
    const dataHash = asked?.dataHash ?? null;
    this.#bytes[at + STATUS_AT] =
      number | (fingerprint === null ? 0 : HAS_FINGERPRINT) | (dataHash === null ? 0 : HAS_HASH);
    this.#bytes.set(bytes, at + KEY_AT);
    this.#view.setUint32(at + FINGERPRINT_AT, fingerprint ?? 0);
    this.#view.setFloat64(at + SEQ_AT, seq);
    this.#bytes[at + LANE_AT] = asked?.lane ?? 0;
    this.#view.setInt32(at + HASH_AT, dataHash ?? 0);
  }

  /** The newest final answer of a key. */
  find(slot: number, key: string): Final | undefined {
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

  /** Messages of a slot to ask the device after, oldest first. */
  unanswered(slot: number, now: number): Unanswered[] {
    const found = new Map<string, Unanswered>();
    for (let n = Math.max(0, this.#added - LIMITS.RECENT_KEYS); n < this.#added; n++) {
      const at = (n % LIMITS.RECENT_KEYS) * ENTRY_BYTES;
      const lane = this.#bytes[at + LANE_AT];
      if (this.#bytes[at] !== slot || (lane !== 1 && lane !== 2 && lane !== 3)) continue;
      const key = toBase64Url(this.#bytes.subarray(at + KEY_AT, at + KEY_AT + KEY_BYTES));
      const newest = this.find(slot, key);
      if (newest?.status !== "sent" || isForgotten(newest, now)) continue;
      const { seq, fingerprint } = newest;
      const isHashed = ((this.#bytes[at + STATUS_AT] ?? 0) & HAS_HASH) !== 0;
      const dataHash = isHashed ? this.#view.getInt32(at + HASH_AT) : null;
      found.set(key, { key, seq, fingerprint, lane, dataHash, left: null });
    }
    return [...found.values()].sort((a, b) => a.seq - b.seq);
  }

  /** Forgets those of a slot that is somebody else's now. */
  drop(slot: number): void {
    for (let at = 0; at < this.#bytes.length; at += ENTRY_BYTES) {
      if (this.#bytes[at] === slot) this.#bytes[at] = 0;
    }
  }

  /**
   * To be kept: the oldest first, but for those whose key is past its life.
   *
   * @param isFinal without what the device may be asked after: its answer is in memory alone, and must not be taken back
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

  /** In place of all that it holds. */
  load(bytes: Uint8Array): void {
    const isOld = bytes[0] !== FORM;
    const size = isOld ? OLD_ENTRY_BYTES : ENTRY_BYTES;
    const entries = isOld ? bytes : bytes.subarray(1);
    this.#added = Math.min(Math.floor(entries.length / size), LIMITS.RECENT_KEYS);
    for (let n = 0; n < this.#added; n++) {
      this.#bytes.set(entries.subarray(n * size, (n + 1) * size), n * ENTRY_BYTES);
    }
  }

  /** For the link's row, likewise; undefined where there is nothing to keep. */
  save(now: number, isFinal: boolean): string | undefined {
    const bytes = this.bytes(now, isFinal);
    return bytes.length === 0 ? undefined : toBase64Url(bytes);
  }

  #hasKey(at: number, key: Uint8Array): boolean {
    for (let i = 0; i < KEY_BYTES; i++) if (this.#bytes[at + i] !== key[i]) return false;
    return true;
  }
}
