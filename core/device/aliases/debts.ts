/**
 * Aliases that have yet to let go of a registration: what it gave up, and what ended registrations and earlier lives held. Each is told
 * until it has heard, over kills: the row says so until then.
 */
import type { AliasUnsetRequest } from "../../alias/types.ts";
import type { Context } from "../../link/effects.ts";
import { type PendingCommand, refusalOf } from "../pending-command.ts";
import type { Registration } from "../registration.ts";
import type { Retries } from "../retries.ts";
import type { HeldAlias, SubscriptionStore } from "../store.ts";
import type { AliasLines } from "./lines.ts";

export interface AliasDebtParts {
  readonly store: SubscriptionStore;
  readonly lines: AliasLines;
  readonly retries: Retries;
  /** Of the device's object. */
  readonly name: string;
}

/** What an alias has yet to let go of. */
export interface Owed {
  readonly registration: Registration;
  readonly record: HeldAlias;
}

export class AliasDebts {
  readonly #parts: AliasDebtParts;
  /** The alias has let go: its row is needed no more, unless it is that of a later set. */
  readonly #onSettled: (slot: number, alias: string) => void;
  /** By slot and alias. */
  readonly #owed = new Map<number, Map<string, Owed>>();

  constructor(parts: AliasDebtParts, onSettled: (slot: number, alias: string) => void) {
    this.#parts = parts;
    this.#onSettled = onSettled;
  }

  /** A row says that it is owed. */
  load(owed: Owed, now: number): void {
    put(this.#owed, owed.record.slot, owed.record.alias, owed);
    this.#parts.retries.addDue(owed, (later) => this.tell(owed, later), now);
  }

  of(slot: number): ReadonlyMap<string, Owed> {
    return this.#owed.get(slot) ?? new Map<string, Owed>();
  }

  /** Whether aliases of an ended registration, or of an earlier life, have not let it go. */
  hasOver(slot: number): boolean {
    for (const { registration, record } of this.of(slot).values()) {
      if (registration.record.endedAt !== null) return true;
      if (record.generation !== registration.generation) return true;
    }
    return false;
  }

  /** The registration gives it up. One row. */
  owe(
    registration: Registration,
    held: Pick<HeldAlias, "slot" | "alias" | "shared" | "generation">,
  ): Owed {
    const record = { ...held, suspended: true, leaving: true };
    this.#parts.store.putAlias(record);
    return this.#add({ registration, record });
  }

  /** The registration has ended: its row says so. */
  inherit(owed: Owed, context: Context): void {
    this.tell(this.#add(owed), context);
  }

  /** The same registration sets it again. */
  cancel(slot: number, alias: string, generation: number): void {
    const owed = this.#owed.get(slot);
    if (owed?.get(alias)?.record.generation === generation) owed.delete(alias);
  }

  /** Another life begins in the slot: what is owed is of the generation before. */
  outlive(slot: number): void {
    for (const { record } of this.of(slot).values()) this.#parts.store.putAlias(record);
  }

  /** Tells the alias, again until it has heard. @param command told what came of the first time */
  tell(owed: Owed, context: Context, command?: PendingCommand): void {
    const { slot, alias, generation } = owed.record;
    const holder = { device: this.#parts.name, generation };
    const request: AliasUnsetRequest = { app: owed.registration.record.app, alias, holder };
    let asker = command;
    const isOwed = () => this.of(slot).get(alias) === owed;
    const tell = (later: Context): void =>
      this.#parts.lines.ask(
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

  #add(owed: Owed): Owed {
    put(this.#owed, owed.record.slot, owed.record.alias, owed);
    return owed;
  }
}

export function put<Value>(
  bySlot: Map<number, Map<string, Value>>,
  slot: number,
  alias: string,
  value: Value,
): void {
  const inSlot = bySlot.get(slot) ?? new Map<string, Value>();
  bySlot.set(slot, inSlot.set(alias, value));
}
