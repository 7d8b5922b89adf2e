/** What is in memory of one registration: its lanes, what is on the socket, and what ended lately. */
import type { MessageStatus } from "../../schema/http.ts";
import { LIMITS } from "../../schema/limits.ts";
import { PRIORITIES, type Priority } from "../message/priority.ts";
import type { SendRequest } from "../message/send.ts";
import type { Ending } from "./mail/outcomes.ts";
import type { Asked, Final, RecentKeys, Unanswered } from "./mail/recent-keys.ts";
import type { MailHeader, RegistrationRecord, SentMark } from "./store.ts";
import { BroadcastWindow } from "./tags/window.ts";

/** A message on the socket that the device has not acknowledged. */
export interface InFlight {
  readonly seq: number;
  readonly key: string;
  readonly bytes: number;
  /** When its time to live is over, milliseconds since 1970. */
  readonly expiresAt: number;
  /** When it went onto the socket; 0 where that was before the object slept. */
  readonly sentAt: number;
  /** The shared alias whose other holders are told when this is acknowledged; null for none. */
  readonly firstAckAlias: string | null;
  /** `SendRequest.fingerprint`; null for none. */
  readonly fingerprint: number | null;
  /** Of what is sent without its data, what the device knows it by beside its key; null where that is not known. */
  readonly dataHash?: number | null;
  /** What to store if the acknowledgement does not come; null where a row holds it already. */
  unstored: SendRequest | null;
  /** How it ended while it was on the socket; an acknowledgement that comes later changes nothing. */
  ended: Ending | null;
  /** The device was told to drop it if the app was not given it: only its answer says how the message ended. */
  withdrawn: boolean;
  /** A newer message of its collapse key waits behind it: the device acknowledges it only if it has taken it already. */
  readonly superseded: boolean;
  /** It is on the socket for its answer alone, and this is its end where the device dropped it. Until then `sent` is in the log of outcomes. */
  left: Ending | null;
  /** Sends that wait for the acknowledgement. */
  readonly tokens: number[];
}

/** One lane: its waiting rows, and what of it is on the socket. Both in seq order. */
export class Lane {
  readonly rows: MailHeader[] = [];
  /** How many of `rows`, from the front, are on the socket. */
  sent = 0;
  readonly inFlight: InFlight[] = [];
  /** What is to be sent for its answer alone: it was on a link that was lost. In seq order, and among the rows by it. */
  readonly asked: Unanswered[] = [];

  /** Puts what is to be asked after in its place. */
  ask(one: Unanswered): void {
    const at = this.asked.findIndex(({ seq }) => seq > one.seq);
    this.asked.splice(at < 0 ? this.asked.length : at, 0, one);
  }

  /** Whether anything waits for its place on the socket. */
  get hasMore(): boolean {
    return this.sent < this.rows.length || this.asked.length > 0;
  }

  /** Puts a row in its place; one that is on the socket already belongs to the sent front. */
  insert(header: MailHeader, onSocket: boolean): void {
    let at = this.rows.length;
    while (at > 0 && (this.rows[at - 1]?.seq ?? 0) > header.seq) at--;
    this.rows.splice(at, 0, header);
    if (onSocket) this.sent++;
  }

  /** Takes the rows out that `leaves` picks, and returns them. */
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
  /** Whether the app listens on the current link. */
  attached = false;
  readonly #lanes: Record<Priority, Lane> = {
    1: new Lane(),
    2: new Lane(),
    3: new Lane(),
  };
  /** Every message on the socket, by key. */
  readonly inFlight = new Map<string, InFlight>();
  inFlightBytes = 0;
  /** Stored messages that the device took first, while their alias is told: their rows stay, and they are `queued`. By key. */
  readonly telling = new Map<string, InFlight>();
  /** Every waiting row, by key. */
  readonly mail = new Map<string, MailHeader>();
  mailBytes = 0;
  /** The highest number that waits under each collapse key. */
  readonly #newest = new Map<string, number>();
  /** Sends that wait for a row which is not on the socket yet, by key. */
  readonly waiting = new Map<string, number[]>();
  readonly broadcasts = new BroadcastWindow();
  /** By lane: see `mayHave`. */
  readonly #reached: Record<Priority, number> = { 1: 0, 2: 0, 3: 0 };
  readonly #recent = new Map<string, Final>();
  readonly #recentKeys: RecentKeys;

  /** @param recentKeys of the device: what is remembered beyond this object's time in memory */
  constructor(record: RegistrationRecord, recentKeys: RecentKeys) {
    this.record = record;
    this.#recentKeys = recentKeys;
  }

  /** What its regId says: see `RegIdParts.generation`. */
  get generation(): number {
    return this.record.generation;
  }

  get slot(): number {
    return this.record.slot;
  }

  lane(priority: Priority): Lane {
    return this.#lanes[priority];
  }

  /**
   * Whether the socket may take another message of this registration, however large: were it asked of each
   * message, small ones would slip past a large one that waits.
   */
  get hasRoom(): boolean {
    return (
      this.inFlight.size < LIMITS.INFLIGHT_MESSAGES &&
      this.inFlightBytes + LIMITS.DATA_BYTES <= LIMITS.INFLIGHT_BYTES
    );
  }

  /**
   * Whether messages wait for the app, or for its acknowledgement. An app that has not answered the oldest in the time
   * that a sender waits is not waited for.
   */
  isBusy(now: number): boolean {
    if (!this.attached) return false;
    const oldest = this.inFlight.values().next().value;
    if (oldest === undefined) return this.mail.size > 0;
    return Math.abs(now - oldest.sentAt) < LIMITS.ACK_WAIT_DEFAULT_MS;
  }

  track(lane: Lane, entry: InFlight): void {
    lane.inFlight.push(entry);
    this.inFlight.set(entry.key, entry);
    this.inFlightBytes += entry.bytes;
  }

  /** A message on the socket, or one whose end waits for its alias. */
  open(key: string): InFlight | undefined {
    return this.inFlight.get(key) ?? this.telling.get(key);
  }

  /** Forgets what has left its lane's list of what is in flight. */
  untrack(entry: InFlight): void {
    this.inFlight.delete(entry.key);
    this.inFlightBytes -= entry.bytes;
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

  /** Forgets a row that has left its lane's list. */
  dropMail(header: MailHeader): void {
    this.mail.delete(header.key);
    this.mailBytes -= header.bytes;
    const { collapseKey, seq } = header;
    if (collapseKey === null || this.#newest.get(collapseKey) !== seq) return;
    this.#newest.delete(collapseKey);
    for (const other of this.mail.values()) {
      if (other.collapseKey !== collapseKey) continue;
      this.#newest.set(collapseKey, Math.max(other.seq, this.#newest.get(collapseKey) ?? 0));
    }
  }

  /**
   * Whether the device may have a message that is not on the socket: then the app may have it too, and only the device's answer
   * says how it ended.
   */
  mayHave({ lane, seq }: Pick<MailHeader, "lane" | "seq">): boolean {
    return seq <= this.#reached[lane];
  }

  /** Numbers of a lane up to here may have reached the device. */
  reach(priority: Priority, seq: number): void {
    this.#reached[priority] = Math.max(this.#reached[priority], seq);
  }

  /** Nothing above this number has. */
  reachNoFurther(seq: number): void {
    for (const priority of PRIORITIES) {
      this.#reached[priority] = Math.min(this.#reached[priority], seq);
    }
  }

  /** What waits and may have reached the device: the last of each lane; null for none. */
  get reached(): SentMark | null {
    const lastOf = (priority: Priority): number =>
      this.lane(priority).rows.findLast((header) => this.mayHave(header))?.seq ?? 0;
    const mark: SentMark = [this.slot, lastOf(1), lastOf(2), lastOf(3)];
    return mark[1] + mark[2] + mark[3] > 0 ? mark : null;
  }

  /** Whether a newer message of its collapse key waits here too: then it was on a socket when that one came. */
  isSuperseded({ collapseKey, seq }: MailHeader): boolean {
    return this.newest(collapseKey) > seq;
  }

  /** The highest number that waits under a collapse key; 0 for none. */
  newest(collapseKey: string | null): number {
    return collapseKey === null ? 0 : (this.#newest.get(collapseKey) ?? 0);
  }

  /** A final state that a retried send is answered with. */
  recent(key: string): Final | undefined {
    return this.#recent.get(key) ?? this.#recentKeys.find(this.slot, key);
  }

  /** Messages of which only the device knows whether the app has them, oldest first. */
  unanswered(now: number): Unanswered[] {
    return this.#recentKeys.unanswered(this.slot, now);
  }

  /** @param asked of a message that the device is to be asked after on its next link */
  remember(
    key: string,
    status: MessageStatus,
    seq: number,
    fingerprint: number | null | undefined,
    asked?: Asked,
  ): void {
    const final = { status, seq, fingerprint: fingerprint ?? null };
    this.#recent.set(key, final);
    this.#recentKeys.add(this.slot, key, final, asked);
    if (this.#recent.size > LIMITS.RECENT) {
      const oldest = this.#recent.keys().next().value;
      if (oldest !== undefined) this.#recent.delete(oldest);
    }
  }
}
