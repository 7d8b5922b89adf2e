/**
 * The storage ports of a device. Every method is synchronous, so a handler reads, decides and writes without interruption. The
 * host makes the writes durable before it carries out the handler's effects (on Workers by the output gate, in a process with
 * many devices by a shared commit). docs/storage.md describes the tables.
 */
import type { DeliverySettings } from "../../schema/delivery.ts";
import type { Notification } from "../../schema/generated/link.ts";
import type { Attributes } from "../condition/types.ts";
import type { KeptOptions } from "../message/options.ts";
import type { Priority } from "../message/priority.ts";
import type { ContentTypeCode } from "../message/send.ts";
import type { SealingRecord } from "./sealing/seal.ts";
import type { Standing } from "./trust/standing.ts";

export interface AccountRecord {
  /** Raw Ed25519 public key, base64url. */
  readonly publicKey: string;
  /** Seconds since 2024 when the account was created, plus one for each displaced key. Below 1,000,000: counted by an older version. */
  readonly generation: number;
  readonly createdAt: number;
  /** The first life of new registrations: above those of all forgotten ones. Absent for 0. */
  readonly lives?: number;
  /** Absent while the account is in use. */
  readonly idle?: IdleMark;
  /** See `Removals`. Absent for none. */
  readonly removals?: readonly Removal[];
}

/** An app whose server removed its registration. An array, to save bytes. */
export type Removal = readonly [
  app: string,
  /** Until when the app may not register, milliseconds since 1970; 0 if it may. */
  bannedUntil: number,
];

/** The account was found idle: see `IdleWatch`. */
export interface IdleMark {
  /** Number of looks that found it idle, at least a day apart. */
  readonly looks: number;
  /** Time of the last look, milliseconds since 1970. */
  readonly atMs: number;
  /** `Account.usedAtMs` at that time: if it has changed, the mark is void, without writing a row. */
  readonly usedAtMs: number;
}

export interface LinkRecord {
  /** base64url of the session's 16 bytes. */
  readonly session: string;
  /** When the device last opened or lost a link, milliseconds since 1970. */
  readonly lastSeenMs: number;
  /** Used connect tokens: jti, and exp in seconds since 1970. */
  readonly tokens: readonly (readonly [jti: string, exp: number])[];
  /** Sequence numbers up to here may have been used. */
  readonly seqFloor: number;
  /** The same for numbers reserved since then because they ran ahead of the wall clock; absent for none. */
  readonly seqReserve?: number;
  /** The cursor of each tag, by `TagRecord.ref`. Absent for none. */
  readonly cursors?: Readonly<Record<number, number>>;
  /** See `RecentKeys`. Absent for none. */
  readonly recent?: string;
  /** Rows that may have reached the device when the link ended. Absent, because unknown, while a link is open. */
  readonly sent?: readonly SentMark[];
}

/** The seq of the last stored row of each priority that is on the socket; 0 for none. An array, to save bytes. */
export type SentMark = readonly [slot: number, high: number, normal: number, low: number];

export interface RegistrationRecord {
  readonly slot: number;
  /** base64url of the app's 8 bytes. */
  readonly app: string;
  readonly createdAt: number;
  /** When it ended, milliseconds since 1970; null if it has not. */
  readonly endedAt: number | null;
  /** See `RegIdParts.generation`. 0 in rows of versions without lives. */
  readonly generation: number;
  /** What its app has decided. Absent for `NO_STANDING`, and in rows of versions without grants. */
  readonly standing?: Standing;
  /** The key with which it and the mesh seal frames. Absent if it never had one. */
  readonly sealing?: SealingRecord;
  /** The delivery settings of its device. Absent for `NO_SETTINGS`. */
  readonly delivery?: DeliverySettings;
}

/** The key to which app servers encrypt messages for a registration: see `PublishKey` in the IDL. */
export interface EncryptionKey {
  /** P-256, uncompressed: 65 bytes in base64url. */
  readonly publicKey: string;
  /** The authentication secret: 16 bytes in base64url. */
  readonly auth: string;
  /** Milliseconds since 1970. */
  readonly publishedAt: number;
  /** That of the registration which published it. */
  readonly generation: number;
}

/** A stored message without its content; the mailbox keeps it in memory. */
export interface MailHeader {
  /** Its place in its lane, and its number on the link. A held message gets another one when it is released: see `idSeqOf`. */
  readonly seq: number;
  readonly slot: number;
  readonly lane: Priority;
  /** base64url of `Message.key`. */
  readonly key: string;
  /** Of its content: see `contentBytes`. */
  readonly bytes: number;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
  readonly collapseKey: string | null;
  /** The shared alias to notify when this is acknowledged, so that its other holders withdraw it; null for none. */
  readonly firstAckAlias: string | null;
  /** `SendRequest.fingerprint`; null for none. */
  readonly fingerprint: number | null;
  /** Null for none. */
  readonly options: KeptOptions | null;
  /** Null for a message that was never held. */
  readonly hold: MailHold | null;
}

/** Until when a message is held; once it is released, its former number. */
export interface MailHold {
  /** When it is released, milliseconds since 1970. Absent once it has been. */
  readonly until?: number;
  /** The local time from which `until` is computed, in the time zone of the device. Absent if there is none, and once it is released. */
  readonly local?: string;
  /** With a local time: `until` is not earlier than this, see `SendHold.at`. */
  readonly at?: number;
  /** The number in its message ID. Absent if that is `MailHeader.seq`. */
  readonly idSeq?: number;
}

/** The number in the ID of a message, which it got when it was accepted. */
export const idSeqOf = ({ seq, hold }: Pick<MailHeader, "seq" | "hold">): number =>
  hold?.idSeq ?? seq;

/** A tag that a registration is in, is joining, or is leaving. */
export interface TagRecord {
  /** `Cursor.tagRef` on the link. */
  readonly ref: number;
  readonly slot: number;
  readonly tag: string;
  /** Path of the member's node. */
  readonly path: string;
  /** The registration's generation; 0 in rows of versions without lives. */
  readonly generation: number;
  /** Orders the memberships: a node refuses commands of an older one. 0 in rows of those versions. */
  readonly epoch: number;
  /** The app's server joined it: whatever the device may join by itself, it stays. */
  readonly byServer?: true;
}

/** An alias that a registration holds, is setting, or is giving up. */
export interface HeldAlias {
  readonly slot: number;
  readonly alias: string;
  readonly shared: boolean;
  /** A set is in progress, or its result is unknown: until the alias confirms, the registration does not claim to hold it. */
  readonly suspended: boolean;
  /** It is being given up, and the alias has not confirmed it. */
  readonly leaving: boolean;
  /** The holding registration's generation; 0 in rows of versions without lives. */
  readonly generation: number;
  /** The app's server set it: whatever the device may set by itself, it stays. */
  readonly byServer?: true;
}

type AliasState = Pick<HeldAlias, "shared" | "suspended" | "leaving" | "byServer">;

/** The state as stored: one number, bits 0 to 3. An alias being given up is also marked suspended, so that an older version asks about it. */
export const aliasBits = ({ shared, suspended, leaving, byServer }: AliasState): number =>
  Number(shared) + 2 * Number(suspended || leaving) + 4 * Number(leaving) + (byServer ? 8 : 0);

export const ofAliasBits = (bits: number): AliasState => ({
  shared: (bits & 1) !== 0,
  suspended: (bits & 2) !== 0,
  leaving: (bits & 4) !== 0,
  ...((bits & 8) !== 0 ? { byServer: true as const } : {}),
});

/** The part of a stored message that is read only to send it. */
export interface MailBody {
  readonly contentType: ContentTypeCode;
  readonly data: Uint8Array;
  /** Absent for none. */
  readonly notification?: Notification;
}

export interface AccountStore {
  readAccount(): AccountRecord | null;
  /** Also creates the tables if the device has none. */
  writeAccount(record: AccountRecord): void;
  readLink(): LinkRecord | null;
  /** @param reserves whether it reserves sequence numbers: then it must be stored before the effects; other records may be stored later */
  writeLink(record: LinkRecord, reserves?: boolean): void;
  /** Deletes everything stored of the device, including tables and alarm. */
  erase(): void;
}

export interface RegistrationStore {
  listRegistrations(): RegistrationRecord[];
  putRegistration(record: RegistrationRecord): void;
  /** Also deletes its outcomes, its timelines and its encryption key. */
  deleteRegistration(slot: number): void;
}

export interface MailStore {
  /** Ordered by seq. */
  listMail(): MailHeader[];
  insertMail(header: MailHeader, body: MailBody): void;
  /** Gives a stored message another `seq`, `expiresAt` and `hold`. Writes one row. */
  moveMail(seq: number, header: MailHeader): void;
  /** Writes one row for each. */
  deleteMail(seqs: readonly number[]): void;
  readMail(seq: number): MailBody | null;
}

export interface OutcomeStore {
  readOutcomes(slot: number): string | null;
  /** Writes one row. */
  writeOutcomes(slot: number, log: string): void;
}

/** What happened to a message that was sent with `trace`. */
export interface TimelineRecord {
  readonly seq: number;
  /** Of a broadcast: the tag that numbered it, as in its ID. Empty for a message to this registration. */
  readonly source: string;
  readonly slot: number;
  /** base64url of `Message.key`. */
  readonly key: string;
  /** Milliseconds since 1970; null while the message has not ended. */
  readonly endedAt: number | null;
  /** JSON array of `[event, milliseconds since the time of seq, action?]`. */
  readonly events: string;
  /** JSON: what its sender asked for besides `trace`; null for nothing. */
  readonly options: string | null;
}

export interface TimelineStore {
  readTimeline(seq: number, source: string): TimelineRecord | null;
  /** Writes one row; replaces the row with this seq and source. */
  putTimeline(record: TimelineRecord): void;
  deleteTimeline(seq: number, source: string): void;
  countTimelines(): number;
  /** The oldest first. @param limit at most so many. Default: all */
  listTimelines(limit?: number): TimelineRecord[];
}

/** Events of messages that were sent with `receipts`, until the app's webhooks have them. */
export interface ReceiptRecord {
  /** Increases. */
  readonly n: number;
  /** base64url of the app's 8 bytes. */
  readonly app: string;
  /** JSON of an array of `WebhookEvent`. */
  readonly events: string;
}

export interface ReceiptStore {
  /** Ordered by n. */
  listReceipts(): ReceiptRecord[];
  /** Writes one row; replaces the row with this n. */
  putReceipts(record: ReceiptRecord): void;
  deleteReceipts(n: number): void;
}

export interface SubscriptionStore {
  listTags(): TagRecord[];
  /** Writes one row; replaces the row with this ref. */
  putTag(record: TagRecord): void;
  deleteTag(ref: number): void;
  listAliases(): HeldAlias[];
  /** Writes one row; replaces the row with this slot and alias. */
  putAlias(record: HeldAlias): void;
  deleteAlias(slot: number, alias: string): void;
  readAttributes(slot: number): Attributes | null;
  /** Writes one row; null deletes it. */
  writeAttributes(slot: number, attributes: Attributes | null): void;
}

export interface EncryptionKeyStore {
  readEncryptionKey(slot: number): EncryptionKey | null;
  /** Writes one row; null deletes the key, and writes nothing if there is none. The registration must be stored. */
  writeEncryptionKey(slot: number, key: EncryptionKey | null): void;
}

export type DeviceStore = AccountStore &
  RegistrationStore &
  MailStore &
  OutcomeStore &
  TimelineStore &
  ReceiptStore &
  SubscriptionStore &
  EncryptionKeyStore;
