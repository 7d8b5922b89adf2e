/** One registration in memory: its lanes, its messages on the socket, and the final answers of recent messages. */
import { type DeliverySettings, NO_SETTINGS } from "../../schema/delivery.ts";
import type { MessageStatus } from "../../schema/http.ts";
import { LIMITS } from "../../schema/limits.ts";
import { type Granted, NOTHING_GRANTED } from "../condition/types.ts";
import type { KeptOptions } from "../message/options.ts";
import { PRIORITIES, type Priority } from "../message/priority.ts";
import type { SendRequest } from "../message/send.ts";
import type { Ending } from "./mail/outcomes.ts";
import type { FinalAnswer, MessageQuery, QueryFields, RecentKeys } from "./mail/recent-keys.ts";
import type { RegistrationSeal } from "./sealing/seal.ts";
import type { MailHeader, RegistrationRecord, SentMark } from "./store.ts";
import { BroadcastWindow } from "./tags/window.ts";
import { NO_STANDING, type Standing } from "./trust/standing.ts";

/** A message on the socket that the device has not acknowledged. */
export interface InFlight {
  readonly seq: number;
  /** See `idSeqOf`. */
  readonly idSeq: number;
  readonly key: string;
  readonly bytes: number;
  /** When it expires, milliseconds since 1970. */
  readonly expiresAt: number;
  /** When it was sent, milliseconds since 1970; 0 if that was before the object slept. */
  readonly sentAt: number;
  /** The shared alias to notify when this is acknowledged, so that its other holders withdraw it; null for none. */
  readonly firstAckAlias: string | null;
  /** `SendRequest.fingerprint`; null for none. */
  readonly fingerprint: number | null;
  /** Null for none, and for a query. */
  readonly options: KeptOptions | null;
  /** For a message sent without its data: the hash by which the device recognizes the data; null if unknown. */
  readonly dataHash?: number | null;
  /** The message to store if the acknowledgement does not arrive; null if it has a row already. */
  unstored: SendRequest | null;
  /** How it ended while on the socket; a later acknowledgement changes nothing. Null while it has not ended. */
  ended: Ending | null;
  /** The device was told to drop it unless the app has it already: only its answer tells how the message ended. */
  withdrawn: boolean;
  /** A newer message with its collapse key waits behind it: the device acknowledges it only if the app has it already. */
  readonly superseded: boolean;
  /** It was sent only as a query, and this is how it ends if the device dropped it. Until then the log of outcomes has it as `sent`. */
  endIfDropped: Ending | null;
  /** Tokens of senders that wait for the acknowledgement. */
  readonly tokens: number[];
}

/** One lane: its stored rows, and its messages on the socket. Both in seq order. */
export class Lane {
  readonly rows: MailHeader[] = [];
  /** How many of `rows`, from the front, are on the socket. */
  sent = 0;
  readonly inFlight: InFlight[] = [];
  /** Queries to send, about messages on a link that was lost. In seq order; sent between the rows by seq. */
  readonly queries: MessageQuery[] = [];

  /** Inserts a query by its seq. */
  addQuery(one: MessageQuery): void {
    const at = this.queries.findIndex(({ seq }) => seq > one.seq);
    this.queries.splice(at < 0 ? this.queries.length : at, 0, one);
  }

  /** Whether a row or a query is waiting for the socket. */
  get hasMore(): boolean {
    return this.sent < this.rows.length || this.queries.length > 0;
  }

  /** The number of what is next to be sent; infinite for nothing. */
  get next(): number {
    const row = this.rows[this.sent]?.seq ?? Number.POSITIVE_INFINITY;
    return Math.min(row, this.queries[0]?.seq ?? Number.POSITIVE_INFINITY);
  }

  /** Inserts a row by its seq. @param onSocket whether it is on the socket: then it counts to the sent front */
  insert(header: MailHeader, onSocket: boolean): void {
    let at = this.rows.length;
    while (at > 0 && (this.rows[at - 1]?.seq ?? 0) > header.seq) at--;
    this.rows.splice(at, 0, header);
    if (onSocket) this.sent++;
  }

  /** Removes the rows for which `leaves` returns true, and returns them. */
  take(leaves: (header: MailHeader, onSocket: boolean) => boolean): MailHeader[] {
    const taken: MailHeader[] = [];
    let kept = 0;
    let keptSent = 0;
    this.rows.forEach((header, index) => {
      if (leaves(header, index < this.sent)) taken.push(header);
      else {
        this.rows[kept++] = header;
        if (index < this.sent) keptSent++;
      }
    });
    this.rows.length = kept;
    this.sent = keptSent;
    return taken;
  }
}

export class Registration {
  record: RegistrationRecord;
  /** Whether the app is listening on the current link, and may receive. */
  attached = false;
  /** Whether the app is listening on the current link: a lapsed or paused registration is attached when that is over. */
  listens = false;
  /** When its quiet hours end, milliseconds since 1970; null while it accepts messages. */
  quietUntil: number | null = null;
  /** What is sent to the app is sealed with it; null if it has no key, and never had one. */
  seal: RegistrationSeal | null = null;
  readonly #lanes: Record<Priority, Lane> = {
    1: new Lane(),
    2: new Lane(),
    3: new Lane(),
  };
  /** All messages on the socket, by key. */
  readonly inFlight = new Map<string, InFlight>();
  inFlightBytes = 0;
  /** Stored messages that this device acknowledged first, while their alias is being notified: still `queued`, with rows. By key. */
  readonly notifying = new Map<string, InFlight>();
  /** All stored rows, by key. */
  readonly mail = new Map<string, MailHeader>();
  mailBytes = 0;
  /** Those that must not be sent yet, by key: they are in no lane, and neither replace others nor are replaced. */
  readonly held = new Map<string, MailHeader>();
  /** The highest seq among the rows of each collapse key in the lanes. */
  readonly #newest = new Map<string, number>();
  /** Tokens of senders whose message has a row that is not on the socket yet, by key. */
  readonly waiting = new Map<string, number[]>();
  readonly broadcasts = new BroadcastWindow();
  /** By lane; see `mayHaveReceived`. */
  readonly #received: Record<Priority, number> = { 1: 0, 2: 0, 3: 0 };
  readonly #recent = new Map<string, FinalAnswer>();
  readonly #recentKeys: RecentKeys;

  /** @param recentKeys the device's: final answers that survive a sleep of the object */
  constructor(record: RegistrationRecord, recentKeys: RecentKeys) {
    this.record = record;
    this.#recentKeys = recentKeys;
  }

  /** As in its regId: see `RegIdParts.generation`. */
  get generation(): number {
    return this.record.generation;
  }

  get slot(): number {
    return this.record.slot;
  }

  /** Whether the mesh has lost its key: it receives nothing until it has set up another. */
  get isLocked(): boolean {
    return this.seal?.isLost ?? false;
  }

  /** Attributes that its grant gave it. */
  get granted(): Granted {
    return this.standing.grant?.attributes ?? NOTHING_GRANTED;
  }

  /** What its app has decided about it. */
  get standing(): Standing {
    return this.record.standing ?? NO_STANDING;
  }

  /** The delivery settings of its device. */
  get settings(): DeliverySettings {
    return this.record.delivery ?? NO_SETTINGS;
  }

  /** The time zone of its device, in which local times count. */
  get timeZone(): string {
    return this.settings.timeZone ?? "UTC";
  }

  /** Whether it has quiet hours now: only messages with `ignoreQuietHours` are sent. */
  get isQuiet(): boolean {
    return this.quietUntil !== null;
  }

  /** Whether the settings of its device hold a message back now. */
  holdsBack({ options }: Pick<MailHeader, "options">): boolean {
    return this.settings.paused || (this.isQuiet && options?.ignoreQuietHours !== true);
  }

  lane(priority: Priority): Lane {
    return this.#lanes[priority];
  }

  /**
   * Whether the socket has room for another message of this registration, of any size. If it depended on the size, small
   * messages would overtake a waiting large one.
   */
  get hasRoom(): boolean {
    return (
      this.inFlight.size < LIMITS.INFLIGHT_MESSAGES &&
      this.inFlightBytes + LIMITS.DATA_BYTES <= LIMITS.INFLIGHT_BYTES
    );
  }

  /**
   * Whether messages wait for the app or for its acknowledgement. False if the app has not acknowledged the oldest one within
   * the time that a sender waits.
   */
  isBusy(now: number): boolean {
    if (!this.attached) return false;
    const oldest = this.inFlight.values().next().value;
    if (oldest === undefined) return this.mail.size > this.held.size;
    return Math.abs(now - oldest.sentAt) < LIMITS.ACK_WAIT_DEFAULT_MS;
  }

  track(lane: Lane, entry: InFlight): void {
    lane.inFlight.push(entry);
    this.inFlight.set(entry.key, entry);
    this.inFlightBytes += entry.bytes;
  }

  /** The message on the socket, or the acknowledged one whose alias is being notified. */
  unsettled(key: string): InFlight | undefined {
    return this.inFlight.get(key) ?? this.notifying.get(key);
  }

  /** Forgets a message that was removed from its lane's `inFlight`. */
  untrack(entry: InFlight): void {
    this.inFlight.delete(entry.key);
    this.inFlightBytes -= entry.bytes;
  }

  /** Adds a row that must not be sent yet, or replaces it. */
  hold(header: MailHeader): void {
    if (!this.held.has(header.key)) this.mailBytes += header.bytes;
    this.held.set(header.key, header);
    this.mail.set(header.key, header);
  }

  addMail(header: MailHeader, onSocket: boolean): void {
    this.lane(header.lane).insert(header, onSocket);
    this.mail.set(header.key, header);
    this.mailBytes += header.bytes;
    const { collapseKey, seq } = header;
    if (collapseKey !== null && seq > this.newest(collapseKey)) {
      this.#newest.set(collapseKey, seq);
    }
  }

  /** Forgets a row that was removed from its lane, or that was held. */
  dropMail(header: MailHeader): void {
    this.mail.delete(header.key);
    this.mailBytes -= header.bytes;
    if (this.held.delete(header.key)) return;
    const { collapseKey, seq } = header;
    if (collapseKey === null || this.#newest.get(collapseKey) !== seq) return;
    this.#newest.delete(collapseKey);
    for (const other of this.mail.values()) {
      if (other.collapseKey !== collapseKey || this.held.has(other.key)) continue;
      this.#newest.set(collapseKey, Math.max(other.seq, this.#newest.get(collapseKey) ?? 0));
    }
  }

  /**
   * Whether the device may have received a message that is not on the socket now. Then the app may have it, and only the device
   * knows how it ended.
   */
  mayHaveReceived({ lane, seq }: Pick<MailHeader, "lane" | "seq">): boolean {
    return seq <= this.#received[lane];
  }

  /** Messages of a lane up to `seq` may have reached the device. */
  raiseReceived(priority: Priority, seq: number): void {
    this.#received[priority] = Math.max(this.#received[priority], seq);
  }

  /** No message above `seq` has reached the device. */
  lowerReceived(seq: number): void {
    for (const priority of PRIORITIES) {
      this.#received[priority] = Math.min(this.#received[priority], seq);
    }
  }

  /** The last stored row of each lane that may have reached the device; null for none. */
  get receivedMark(): SentMark | null {
    const lastOf = (priority: Priority): number =>
      this.lane(priority).rows.findLast((header) => this.mayHaveReceived(header))?.seq ?? 0;
    const mark: SentMark = [this.slot, lastOf(1), lastOf(2), lastOf(3)];
    return mark[1] + mark[2] + mark[3] > 0 ? mark : null;
  }

  /** Whether a newer row has its collapse key: this one, in a lane, was on a socket when that one arrived, so it was not replaced. */
  isSuperseded({ collapseKey, seq }: MailHeader): boolean {
    return this.newest(collapseKey) > seq;
  }

  /** The highest seq among the rows of a collapse key; 0 for none. */
  newest(collapseKey: string | null): number {
    return collapseKey === null ? 0 : (this.#newest.get(collapseKey) ?? 0);
  }

  /** The final answer of a message, for a repeated send. */
  recent(key: string): FinalAnswer | undefined {
    return this.#recent.get(key) ?? this.#recentKeys.find(this.slot, key);
  }

  /** Messages that the app may have: only the device knows. Oldest first. */
  queries(now: number): MessageQuery[] {
    return this.#recentKeys.queries(this.slot, now);
  }

  /**
   * @param seq the number in its ID
   * @param query for a message that the device is to be queried about on its next link
   */
  remember(
    key: string,
    status: MessageStatus,
    seq: number,
    fingerprint: number | null | undefined,
    query?: QueryFields,
  ): void {
    const final = { status, seq, fingerprint: fingerprint ?? null };
    this.#recent.set(key, final);
    this.#recentKeys.add(this.slot, key, final, query);
    if (this.#recent.size > LIMITS.RECENT) {
      const oldest = this.#recent.keys().next().value;
      if (oldest !== undefined) this.#recent.delete(oldest);
    }
  }
}
