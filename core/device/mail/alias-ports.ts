/** What the delivery of messages asks of the aliases, which in turn know the mail. */
import type { Effects } from "../../link/effects.ts";
import type { Registration } from "../registration.ts";
import type { Untold } from "./outcomes.ts";

/** A message that this device was the first to acknowledge. */
export interface FirstAck extends Untold {
  readonly seq: number;
  readonly isStored: boolean;
}

/** See `Aliases`. */
export interface AliasPort {
  holds(slot: number, alias: string, shared?: boolean): boolean;
  doubt(registration: Registration, alias: string, now: number, effects: Effects): void;
}

/** See `FirstAcks`. */
export interface FirstAckPort {
  tell(
    registration: Registration,
    first: FirstAck,
    onSettled: (effects: Effects) => void,
    now: number,
    effects: Effects,
  ): void;
}
