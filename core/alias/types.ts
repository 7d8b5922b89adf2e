/** Calls between the edge, devices and aliases, as plain data: they cross RPC. */
import type { Refused } from "../message/refusal.ts";
import type { RegistrationName } from "../message/registration-name.ts";

/** A registration that holds an alias. */
export interface Holder {
  /** Name of the device's object. */
  readonly device: string;
  /** `RegIdParts.generation` of the registration. */
  readonly generation: number;
  /** `AliasCommand.epoch` of the `set` that made it a holder; absent for 0. */
  readonly epoch?: number | undefined;
}

export const sameHolder = (a: Holder, b: Holder): boolean =>
  a.device === b.device && a.generation === b.generation;

interface AliasCommand {
  /** Rises with each command of the device. A command is late after one with a higher epoch. Absent from devices of an older version. */
  readonly epoch?: number;
}

export interface AliasSetRequest extends AliasCommand {
  readonly app: string;
  readonly alias: string;
  readonly holder: Holder;
  /** Milliseconds since 1970 at which the command becomes invalid. Absent from devices of an older version. */
  readonly until?: number;
  /** True joins the other holders, false takes the alias from them. The last `set` decides whether an alias is shared. */
  readonly shared: boolean;
  /** Refused with `not_granted` if another registration holds the alias exclusively: a device must not join it by itself. */
  readonly joinsShared?: boolean;
}

/** `ok` once it is durable, and no earlier holder claims an exclusive alias any more. */
export type AliasSetAnswer = { readonly ok: true } | Refused | LateCommand;

/** Refused, because the device has sent a later command, or its clock was set back. `epoch` is that of its latest command. */
export type LateCommand = Refused & { readonly epoch: number };

export interface AliasUnsetRequest extends AliasCommand {
  readonly app: string;
  readonly alias: string;
  readonly holder: Holder;
}

export interface AliasHolders {
  readonly shared: boolean;
  readonly holders: readonly Holder[];
  /** Who acknowledged the message in question. Several if they did at the same time; absent for none. */
  readonly taken?: readonly TakenBy[];
}

/** A registration that acknowledged a `firstAckWins` message. It may no longer hold the alias. */
export interface TakenBy {
  readonly holder: Holder;
  /** Number of the message there; null from a device of an older version. */
  readonly seq: number | null;
  /** `SendRequest.fingerprint`; null for none. */
  readonly fingerprint: number | null;
}

/** The answer to a suspended holder. */
export interface AliasConfirmation {
  readonly holds: boolean;
  readonly shared: boolean;
}

/** From the device that acknowledged a `firstAckWins` message first to the alias. */
export interface FirstAckRequest {
  readonly app: string;
  readonly alias: string;
  readonly holder: Holder;
  /** `SendRequest.key`: the same for all holders of one send by alias. */
  readonly key: Uint8Array;
  /** Number of the message there. Absent from devices of an older version. */
  readonly seq?: number;
  /** `SendRequest.fingerprint`; null for none. Absent from devices of an older version. */
  readonly fingerprint?: number | null;
}

/** From an alias to a device: the registration may no longer hold it, or it may be shared now. The device has to ask. */
export interface AliasSuspension extends RegistrationName {
  readonly alias: string;
}

/** From an alias to a device: another holder acknowledged the message with this key. */
export interface WithdrawRequest extends RegistrationName {
  readonly key: Uint8Array;
}
