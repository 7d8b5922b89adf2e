/** What the edge, devices and alias objects ask of each other. Plain data: it crosses RPC. */
import type { Refused } from "../message/refusal.ts";
import type { RegistrationName } from "../message/registration-name.ts";

/** A registration that holds an alias. */
export interface Holder {
  /** Name of the device's object. */
  readonly device: string;
  /** Of the registration: `RegIdParts.generation`. */
  readonly generation: number;
  /** `AliasCommand.epoch` of the set that made it one; absent for 0. */
  readonly epoch?: number | undefined;
}

export const sameHolder = (a: Holder, b: Holder): boolean =>
  a.device === b.device && a.generation === b.generation;

/** What tells whether something that a device asks of an alias is late. */
export interface AliasCommand {
  /** Rises with each thing that the device asks: none is carried out after a later one. Absent from devices of an older version. */
  readonly epoch?: number;
}

export interface AliasSetRequest extends AliasCommand {
  readonly app: string;
  readonly alias: string;
  readonly holder: Holder;
  /** Milliseconds since 1970 from which on it is not to be carried out any more. Absent likewise. */
  readonly until?: number;
  /** True joins the others that hold it; false takes it from them. An alias is one or the other: the last set decides. */
  readonly shared: boolean;
}

/** `ok` when it is durable, and nobody who held it before says any more that it is theirs. */
export type AliasSetAnswer = { readonly ok: true } | Refused | LateCommand;

/** The device asked for something since, or its clock was set back: `epoch` is that of its latest. Nothing was done. */
export type LateCommand = Refused & { readonly epoch: number };

export interface AliasUnsetRequest extends AliasCommand {
  readonly app: string;
  readonly alias: string;
  readonly holder: Holder;
}

export interface AliasHolders {
  readonly shared: boolean;
  readonly holders: readonly Holder[];
  /** Who has acknowledged the message that was asked about, first and at the same time; absent for nobody. */
  readonly taken?: readonly TakenBy[];
}

/** A registration that acknowledged a message of `firstAckWins`; it may hold the alias no more. */
export interface TakenBy {
  readonly holder: Holder;
  /** Of the message there; null where its device is of an older version. */
  readonly seq: number | null;
  /** `SendRequest.fingerprint`; null for none. */
  readonly fingerprint: number | null;
}

/** What a suspended holder is told. */
export interface AliasConfirmation {
  readonly holds: boolean;
  readonly shared: boolean;
}

/** From the device that acknowledged first to the alias: the others need not show it. */
export interface FirstAckRequest {
  readonly app: string;
  readonly alias: string;
  readonly holder: Holder;
  /** `SendRequest.key`: the same for all holders of one send by alias. */
  readonly key: Uint8Array;
  /** Of the message there. Absent from devices of an older version, as what follows. */
  readonly seq?: number;
  /** `SendRequest.fingerprint`; null for none. */
  readonly fingerprint?: number | null;
}

/** From an alias object: the registration may hold the alias no more, or otherwise, and is to ask. */
export interface AliasSuspension extends RegistrationName {
  readonly alias: string;
}

/** From an alias object: another holder has acknowledged the message of this key. */
export interface WithdrawRequest extends RegistrationName {
  readonly key: Uint8Array;
}
