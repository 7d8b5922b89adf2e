/** The storage port of an app's webhooks. docs/storage.md describes the tables. */
import type { Endpoint, LabelledMessage, LabelQuery } from "./types.ts";

/** The events of one call for one endpoint. */
export interface PacketHead {
  /** Increases; the key of its row. */
  readonly seq: number;
  readonly endpoint: string;
  /** `AcceptRequest.packet`. */
  readonly packet: string;
  /** How many events, and the bytes of their JSON. */
  readonly events: number;
  readonly bytes: number;
  /** When it was accepted, milliseconds since 1970. */
  readonly at: number;
}

/** `done` is kept only to recognise repetitions. */
export type BatchState = "waiting" | "done" | "dead";

/** The packets of one request. Stored before the first attempt, so that every attempt has the same id and body. */
export interface BatchRecord {
  /** Those of its first and last packet: all of the endpoint between belong to it. `seq` is the key of its row. */
  readonly seq: number;
  readonly last: number;
  readonly endpoint: string;
  /** `webhook-id`. */
  readonly id: string;
  readonly events: number;
  readonly state: BatchState;
  readonly attempts: number;
  /** From when on it is retried for `LIMITS.WEBHOOK_RETRY_MS`. */
  readonly since: number;
  /** When the next attempt is due; of one that ended, when it did. */
  readonly at: number;
  /** Of the last attempt; null for none. */
  readonly error: string | null;
}

export interface HealthRecord {
  readonly endpoint: string;
  /** Consecutive ones. */
  readonly failures: number;
  /** Until when no attempt is made, milliseconds since 1970. */
  readonly waitUntil: number;
  readonly failingSince: number | null;
  readonly lastFailure: { readonly at: number; readonly error: string } | null;
  readonly dropped: number;
}

export interface WebhookStore {
  /** Whether anything is stored. */
  readonly exists: boolean;
  /** In the order in which they were made, with their secrets. Only the first object of an app has them. */
  endpoints(): readonly Endpoint[];
  /** Writes one row, and one for each secret that is new. */
  putEndpoint(endpoint: Endpoint): void;
  removeEndpoint(id: string): void;
  /** Whether an older mesh key sealed a secret. */
  readonly hasStaleSecrets: boolean;

  /** Ordered by seq. */
  packets(): readonly PacketHead[];
  putPacket(head: PacketHead, events: string): void;
  /** JSON of an array of events; null if there is no such packet. */
  readPacket(seq: number): string | null;
  removePacket(seq: number): void;

  /** Ordered by seq. */
  batches(): readonly BatchRecord[];
  putBatch(batch: BatchRecord): void;
  removeBatch(seq: number): void;

  health(): readonly HealthRecord[];
  putHealth(health: HealthRecord): void;
  removeHealth(endpoint: string): void;

  /** Calls of `AcceptRequest.onceMs`. */
  wasSeen(packet: string): boolean;
  putSeen(packet: string, until: number): void;
  /** Those that are over: how many, at most `limit`. */
  forgetSeen(now: number, limit: number): number;
  /** When the first one is over; null for none. */
  seenUntil(): number | null;

  /** Writes one row and its index entry. The same message again changes nothing. */
  putLabelled(message: LabelledMessage): void;
  /** Newest first. */
  listLabelled(query: LabelQuery): readonly LabelledMessage[];
  countLabelled(): number;
  /** The oldest ones of all labels. */
  oldestLabelled(limit: number): readonly LabelledMessage[];
  removeLabelled(message: LabelledMessage): void;

  erase(): void;
}
