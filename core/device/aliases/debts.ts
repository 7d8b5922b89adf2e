/**
 * Aliases that have not confirmed that a registration gave them up, including those of ended registrations and earlier lives. Each is
 * called until it confirms, across kills: its row remains until then.
 */
import type { AliasUnsetRequest } from "../../alias/types.ts";
import type { Context } from "../../link/effects.ts";
import { type PendingCommand, refusalOf } from "../pending-command.ts";
import type { Registration } from "../registration.ts";
import type { Retries } from "../retries.ts";
import type { HeldAlias, SubscriptionStore } from "../store.ts";
import type { AliasCallQueues } from "./call-queues.ts";

export interface AliasDebtParts {
  readonly store: SubscriptionStore;
  readonly queues: AliasCallQueues;
  readonly retries: Retries;
  /** The name of the device's object. */
  readonly name: string;
}

/** An alias that is being given up. */
interface AliasDebt {
  readonly registration: Registration;
  readonly record: HeldAlias;
}

export class AliasDebts {
  readonly #parts: AliasDebtParts;
  /** Called when the alias has confirmed: its row is no longer needed, unless a later set uses it. */
  readonly #onSettled: (slot: number, alias: string) => void;
  /** By slot and alias. */
  readonly #owed = new Map<number, Map<string, AliasDebt>>();

  constructor(parts: AliasDebtParts, onSettled: (slot: number, alias: string) => void) {
    this.#parts = parts;
    this.#onSettled = onSettled;
  }

  /** Adds a debt found in a row. */
  load(owed: AliasDebt, now: number): void {
    putNested(this.#owed, owed.record.slot, owed.record.alias, owed);
    this.#parts.retries.addDue(owed, (later) => this.call(owed, later), now);
  }

  of(slot: number): ReadonlyMap<string, AliasDebt> {
    return this.#owed.get(slot) ?? new Map<string, AliasDebt>();
  }

  /** Whether there is a debt of an ended registration or an earlier life. */
  owesForEnded(slot: number): boolean {
    for (const { registration, record } of this.of(slot).values()) {
      if (registration.record.endedAt !== null) return true;
      if (record.generation !== registration.generation) return true;
    }
    return false;
  }

  /** The registration gives the alias up. Writes one row. */
  owe(
    registration: Registration,
    held: Pick<HeldAlias, "slot" | "alias" | "shared" | "generation">,
  ): AliasDebt {
    const record = { ...held, suspended: true, leaving: true };
    this.#parts.store.putAlias(record);
    return this.#add({ registration, record });
  }

  /** The registration has ended, which its own row records. */
  addEnded(owed: AliasDebt, context: Context): void {
    this.call(this.#add(owed), context);
  }

  /** The same registration sets the alias again. */
  cancel(slot: number, alias: string, generation: number): void {
    const owed = this.#owed.get(slot);
    if (owed?.get(alias)?.record.generation === generation) owed.delete(alias);
  }

  /** Another life begins in the slot: writes the debts with the previous generation. */
  reopen(slot: number): void {
    for (const { record } of this.of(slot).values()) this.#parts.store.putAlias(record);
  }

  /** Calls the alias until it confirms. @param command gets the result of the first call */
  call(owed: AliasDebt, context: Context, command?: PendingCommand): void {
    const { slot, alias, generation } = owed.record;
    const holder = { device: this.#parts.name, generation };
    const request: AliasUnsetRequest = { app: owed.registration.record.app, alias, holder };
    let asker = command;
    const isOwed = () => this.of(slot).get(alias) === owed;
    const tell = (later: Context): void =>
      this.#parts.queues.enqueue(
        request,
        () => (asker === undefined && !isOwed() ? null : { method: "unset", request }),
        (result, later) => {
          const isDone = result.ok && result.answer === undefined;
          asker?.done(isDone ? null : refusalOf(result), later);
          asker = undefined;
          if (!isOwed()) return;
          if (!isDone) this.#parts.retries.add(owed, tell, later.now);
          else {
            this.#owed.get(slot)?.delete(alias);
            this.#onSettled(slot, alias);
          }
        },
        later,
      );
    tell(context);
  }

  #add(owed: AliasDebt): AliasDebt {
    putNested(this.#owed, owed.record.slot, owed.record.alias, owed);
    return owed;
  }
}

export function putNested<Value>(
  bySlot: Map<number, Map<string, Value>>,
  slot: number,
  alias: string,
  value: Value,
): void {
  const inSlot = bySlot.get(slot) ?? new Map<string, Value>();
  bySlot.set(slot, inSlot.set(alias, value));
}
