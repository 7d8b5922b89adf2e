/** What an alias keeps, and needs of its host. */
import type { AliasSuspension, Holder, WithdrawRequest } from "./types.ts";

/** The whole alias: one row. */
export interface AliasRecord {
  readonly app: string;
  readonly alias: string;
  readonly shared: boolean;
  /** In the order in which they set it. */
  readonly holders: readonly Holder[];
  /** Oldest first; absent where there are none, as in a row from before. */
  readonly taken?: readonly TakenKey[] | undefined;
}

/** A message of `firstAckWins` that a registration acknowledged. */
export interface TakenKey {
  /** `SendRequest.key`, base64url. */
  readonly key: string;
  readonly device: string;
  readonly generation: number;
  readonly seq: number | null;
  readonly fingerprint: number | null;
  /** When the alias heard of it, milliseconds since 1970. */
  readonly at: number;
}

export interface AliasStore {
  read(): AliasRecord | null;
  /** One row. */
  write(record: AliasRecord): void;
  /** One row. */
  erase(): void;
}

export interface AliasHost {
  /** Resolves when all that was written so far is durable. */
  durable(): Promise<void>;
  /** A device's object, by name. */
  device(name: string): {
    suspendAlias(request: AliasSuspension): Promise<void>;
    withdraw(request: WithdrawRequest): Promise<void>;
  };
  /** Settles as the call does; rejects where that takes longer. What the call does later is no matter: see `Alias`. */
  withTimeout<Value>(ms: number, call: Promise<Value>): Promise<Value>;
  /** Milliseconds since 1970. */
  now(): number;
  /** Has `onAlarm` called at that time or later, over sleeps and kills, in one commit with what was written before. */
  setAlarm(at: number): void;
  /** A failure that no caller sees. */
  reportError(error: unknown): void;
}
