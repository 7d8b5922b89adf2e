/** What an alias keeps, and needs of its host. */
import type { AliasSuspension, WithdrawRequest } from "../device/types.ts";
import type { Holder } from "./types.ts";

/** The whole alias: one row. */
export interface AliasRecord {
  readonly app: string;
  readonly alias: string;
  readonly shared: boolean;
  /** In the order in which they set it. */
  readonly holders: readonly Holder[];
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
  /** A failure that no caller sees. */
  trouble(error: unknown): void;
}
