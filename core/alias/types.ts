/** What the edge, devices and alias objects ask of each other. Plain data: it crosses RPC. */
import type { Refused } from "../device/types.ts";

/** A registration that holds an alias. */
export interface Holder {
  /** Name of the device's object. */
  readonly device: string;
  /** Of the registration: `RegIdParts.generation`. */
  readonly generation: number;
}

export const sameHolder = (a: Holder, b: Holder): boolean =>
  a.device === b.device && a.generation === b.generation;

export interface AliasSetRequest {
  readonly app: string;
  readonly alias: string;
  readonly holder: Holder;
  /** True joins the others that hold it; false takes it from them. An alias is one or the other: the last set decides. */
  readonly shared: boolean;
}

/** `ok` when it is durable, and nobody who held it before says any more that it is theirs. */
export type AliasSetAnswer = { readonly ok: true } | Refused;

export interface AliasUnsetRequest {
  readonly app: string;
  readonly alias: string;
  readonly holder: Holder;
}

export interface AliasHolders {
  readonly shared: boolean;
  readonly holders: readonly Holder[];
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
}
