/** The ports of an alias: its store, and what it needs from its host. */
import type { AliasSuspension, Holder, WithdrawRequest } from "./types.ts";

/** The whole alias: one row. */
export interface AliasRecord {
  readonly app: string;
  readonly alias: string;
  readonly shared: boolean;
  /** In the order in which they set it. */
  readonly holders: readonly Holder[];
  /** Oldest first; absent for none, and in rows of an older version. */
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
  /** When the alias learned of it, milliseconds since 1970. */
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
  /** Resolves when everything written so far is durable. */
  durable(): Promise<void>;
  /** @param name of the device's object */
  device(name: string): {
    suspendAlias(request: AliasSuspension): Promise<void>;
    withdraw(request: WithdrawRequest): Promise<void>;
  };
  /** Settles like the call, or rejects after `ms`. The call may still take effect later: see `Alias`. */
  withTimeout<Value>(ms: number, call: Promise<Value>): Promise<Value>;
  /** Milliseconds since 1970. */
  now(): number;
  /** Has `onAlarm` called at this time or later, even after a restart. Committed together with what was written before. */
  setAlarm(at: number): void;
  /** Logs a failure that no caller sees. */
  reportError(error: unknown): void;
}
