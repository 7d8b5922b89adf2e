/**
 * What a device keeps durably, as ports. Every method is synchronous: a handler reads, decides and writes
 * without a gap, and the host makes the writes durable before it lets the handler's effects out
 * (the output gate on Workers; the shared commit where one process holds many devices).
 * docs/storage.md has the tables behind them.
 */
import type { Attributes } from "../condition/types.ts";
import type { Priority } from "../message/priority.ts";
import type { ContentTypeCode } from "../message/send.ts";

export interface AccountRecord {
  /** Raw Ed25519 public key, base64url. */
  readonly publicKey: string;
  /** Of the account: seconds since 2024 when it was made (below 1,000,000: of an older version), one more for each key that displaced another. */
  readonly generation: number;
  readonly createdAt: number;
  /** Lives of registrations begin here: above those of all that were forgotten. Absent for 0. */
  readonly lives?: number;
  /** Absent while the account is in use. */
  readonly idle?: IdleMark;
}

/** That an account was found idle, see `Idle`. */
export interface IdleMark {
  /** On so many days. */
  readonly looks: number;
  /** The last of them, milliseconds since 1970. */
  readonly atMs: number;
  /** `Account.usedAtMs` then: a use since then ends the mark without a row. */
  readonly usedAtMs: number;
}

export interface LinkRecord {
  /** base64url of the session's 16 bytes. */
  readonly session: string;
  /** When the device last opened or lost a link, milliseconds since 1970. */
  readonly lastSeenMs: number;
  /** Connect tokens that may not be used again: jti and exp in seconds. */
  readonly tokens: readonly (readonly [jti: string, exp: number])[];
  /** Sequence numbers up to here may have been used. */
  readonly seqFloor: number;
  /** Likewise, of those that ran ahead of the wall clock since that was written; absent for none. */
  readonly seqReserve?: number;
  /** By `TagRecord.ref`: the position of each tag's log that this device has come to. Absent where there is none. */
  readonly cursors?: Readonly<Record<number, number>>;
  /** See `RecentKeys`. Absent where there is nothing to keep. */
  readonly recent?: string;
  /** What waited and may have reached the device when the link ended. Absent while one stands: it is not known then. */
  readonly sent?: readonly SentMark[];
}

/** The last stored row of each priority that is on the socket; 0 for none. One array a slot: each costs bytes. */
export type SentMark = readonly [slot: number, high: number, normal: number, low: number];

export interface RegistrationRecord {
  readonly slot: number;
  /** base64url of the app's 8 bytes. */
  readonly app: string;
  readonly createdAt: number;
  /** When it ended; null while it stands. */
  readonly endedAt: number | null;
  /** Which of the app's registrations on this device it is: see `RegIdParts.generation`. 0 in rows from before there were lives. */
  readonly generation: number;
}

/** A waiting message without its data: what the mailbox keeps in memory. */
export interface MailHeader {
  readonly seq: number;
  readonly slot: number;
  readonly lane: Priority;
  /** base64url of `Message.key`. */
  readonly key: string;
  /** Length of the data. */
  readonly bytes: number;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
  readonly collapseKey: string | null;
  /** The shared alias whose other holders are told when this is acknowledged; null for none. */
  readonly firstAckAlias: string | null;
  /** `SendRequest.fingerprint`; null for none. */
  readonly fingerprint: number | null;
}

/** A tag that a registration is in, or is about to join. */
export interface TagRecord {
  /** Cursor.tagRef on the link. */
  readonly ref: number;
  readonly slot: number;
  readonly tag: string;
  /** Path of the member's node. */
  readonly path: string;
  /** Of the registration that it is of; 0 in rows from before there were lives. */
  readonly generation: number;
  /** Tells this membership from those before it: a node takes no order of an older one. 0 likewise. */
  readonly epoch: number;
}

/** An alias that a registration holds, wants to hold, or gives up. */
export interface HeldAlias {
  readonly slot: number;
  readonly alias: string;
  readonly shared: boolean;
  /** A set is under way, or was: until the alias has said what came of it, the registration does not say that it holds it. */
  readonly suspended: boolean;
  /** It is given up: the alias has not said yet that it knows. */
  readonly leaving: boolean;
  /** Of the registration that holds it; 0 in rows from before there were lives. */
  readonly generation: number;
}

type AliasState = Pick<HeldAlias, "shared" | "suspended" | "leaving">;

/** The state as the one number that a row has for it, in bits 0 to 2. An older version asks about what is being given up. */
export const aliasBits = ({ shared, suspended, leaving }: AliasState): number =>
  Number(shared) + 2 * Number(suspended || leaving) + 4 * Number(leaving);

export const ofAliasBits = (bits: number): AliasState => ({
  shared: (bits & 1) !== 0,
  suspended: (bits & 2) !== 0,
  leaving: (bits & 4) !== 0,
});

/** The part of a message that is read again only to send it. */
export interface MailBody {
  readonly contentType: ContentTypeCode;
  readonly data: Uint8Array;
}

export interface AccountStore {
  readAccount(): AccountRecord | null;
  /** Also makes the tables of a device that had none. */
  writeAccount(record: AccountRecord): void;
  readLink(): LinkRecord | null;
  /** @param reserves that it reserves numbers, which may be given only once it is stored; a host may store any other record later */
  writeLink(record: LinkRecord, reserves?: boolean): void;
  /** All that is stored of the device goes, its tables and its alarm too. */
  erase(): void;
}

export interface RegistrationStore {
  listRegistrations(): RegistrationRecord[];
  putRegistration(record: RegistrationRecord): void;
  /** With its outcomes. */
  deleteRegistration(slot: number): void;
}

export interface MailStore {
  /** Ordered by seq. */
  listMail(): MailHeader[];
  insertMail(header: MailHeader, body: MailBody): void;
  /** One row written for each. */
  deleteMail(seqs: readonly number[]): void;
  readMail(seq: number): MailBody | null;
}

export interface OutcomeStore {
  readOutcomes(slot: number): string | null;
  /** One row written. */
  writeOutcomes(slot: number, log: string): void;
}

export interface SubscriptionStore {
  listTags(): TagRecord[];
  /** One row, new or in place of the one of this ref. */
  putTag(record: TagRecord): void;
  deleteTag(ref: number): void;
  listAliases(): HeldAlias[];
  /** One row, new or in place of the one of this slot and alias. */
  putAlias(record: HeldAlias): void;
  deleteAlias(slot: number, alias: string): void;
  readAttributes(slot: number): Attributes | null;
  /** One row; null deletes it. */
  writeAttributes(slot: number, attributes: Attributes | null): void;
}

export type DeviceStore = AccountStore &
  RegistrationStore &
  MailStore &
  OutcomeStore &
  SubscriptionStore;
