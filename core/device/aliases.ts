/**
 * The aliases that registrations hold. A row is written only after the alias has answered, and goes before anything else is
 * done, so that a device that says that an alias is its own is never wrong.
 */
import { MeshError } from "../../schema/errors.ts";
import { LIMITS } from "../../schema/limits.ts";
import type { AliasUnsetRequest } from "../alias/types.ts";
import type { CallResult, Effects } from "../link/effects.ts";
import type { AliasLines } from "./alias-lines.ts";
import { type Errand, refusalOf } from "./errands.ts";
import type { Registration } from "./registration.ts";
import type { Retries } from "./retries.ts";
import type { HeldAlias, SubscriptionStore } from "./store.ts";
import type { Refused } from "./types.ts";

export interface AliasParts {
  readonly store: SubscriptionStore;
  readonly lines: AliasLines;
  readonly retries: Retries;
  /** Of the device's object. */
  readonly name: string;
  /** A registration that shared an alias holds it no more: it gave it up, or lost it. */
  readonly onLeft: (
    registration: Registration,
    alias: string,
    now: number,
    effects: Effects,
  ) => void;
  /** The app is to hear that it holds an alias no more. */
  readonly onLost: (slot: number, alias: string, effects: Effects) => void;
}

/** A set that the alias has not answered. */
interface Asking {
  readonly shared: boolean;
  readonly errands: Errand[];
  /** Another registration takes it, before the alias heard of this one or after. */
  lost: boolean;
  /** The app does not want it any more. */
  unwanted: boolean;
  tries: number;
}

/** How often a set is repeated whose answer may be out of date. */
const MAX_TRIES = 3;

export class Aliases {
  readonly #parts: AliasParts;
  /** By slot and alias. */
  readonly #held = new Map<number, Map<string, HeldAlias>>();
  /** How often aliases were suspended: an answer to a question from before the last time decides nothing. */
  #suspensions = 0;
  readonly #asking = new Map<number, Map<string, Asking>>();
  /** What ended registrations and earlier lives hold until the alias has let them go; likewise. */
  readonly #owed = new Map<number, Map<string, HeldAlias>>();

  constructor(parts: AliasParts) {
    this.#parts = parts;
  }

  /** Reads the rows of all registrations; those of ended ones, and of earlier lives, were being given up. */
  load(registrations: ReadonlyMap<number, Registration>, now: number): void {
    for (const stored of this.#parts.store.listAliases()) {
      const registration = registrations.get(stored.slot);
      if (registration === undefined) continue;
      const record = { ...stored, generation: stored.generation || registration.generation };
      const isOver = record.generation !== registration.generation;
      if (!isOver && registration.record.endedAt === null) {
        this.#remember(record);
        if (record.suspended) this.#parts.retries.addDue(...this.#doubt(registration, record), now);
      } else {
        put(this.#owed, record.slot, record.alias, record);
        const give = (when: number, effects: Effects) =>
          this.#giveUp(registration, record.alias, record.generation, when, effects);
        this.#parts.retries.addDue(record, give, now);
      }
    }
  }

  /** Whether aliases of an ended registration, or of an earlier life, have not let it go. */
  owes(slot: number): boolean {
    return (this.#owed.get(slot)?.size ?? 0) > 0;
  }

  /** What a registration holds; what is suspended may be another's. */
  of(slot: number): string[] {
    const records = [...(this.#held.get(slot)?.values() ?? [])];
    return records.filter(({ suspended }) => !suspended).map(({ alias }) => alias);
  }

  /** @param shared how it is to be held; either way where this is not given */
  holds(slot: number, alias: string, shared?: boolean): boolean {
    const record = this.#held.get(slot)?.get(alias);
    if (record === undefined || record.suspended) return false;
    return shared === undefined || record.shared === shared;
  }

  /** Takes an alias; nothing is to be done where it is held so already. */
  set(
    registration: Registration,
    alias: string,
    shared: boolean,
    errand: Errand,
    now: number,
    effects: Effects,
  ): MeshError | null {
    const { slot } = registration;
    if (this.holds(slot, alias, shared)) return null;
    const asking = this.#asking.get(slot)?.get(alias);
    if (asking !== undefined) {
      if (asking.unwanted || asking.shared !== shared) {
        return new MeshError("alias_stale", "it is being set otherwise");
      }
      errand.expect();
      asking.errands.push(errand);
      return null;
    }
    const names = new Set([alias, ...(this.#held.get(slot)?.keys() ?? [])]);
    for (const other of this.#asking.get(slot)?.keys() ?? []) names.add(other);
    if (names.size > LIMITS.ALIASES) {
      return new MeshError("too_many_aliases", `at most ${LIMITS.ALIASES}`);
    }
    errand.expect();
    const errands = [errand];
    const fresh: Asking = { shared, errands, lost: false, unwanted: false, tries: 1 };
    put(this.#asking, slot, alias, fresh);
    this.#ask(registration, alias, fresh, now, effects);
    return null;
  }

  /** Gives an alias up; that it is not held is no error. */
  unset(
    registration: Registration,
    alias: string,
    errand: Errand,
    now: number,
    effects: Effects,
  ): void {
    this.#disown(registration.slot, alias);
    this.#leave(registration, alias, now, effects);
    errand.expect();
    const request = this.#request(registration, alias, registration.generation);
    this.#parts.lines.ask(
      request,
      () => ({ method: "unset", request }),
      (result, when, out) => errand.done(result.ok ? null : refusalOf(result), when, out),
      now,
      effects,
    );
  }

  /** Another registration sets it: from here on the alias says whether it is held. */
  suspend(registration: Registration, alias: string, now: number, effects: Effects): void {
    const { slot } = registration;
    const asking = this.#asking.get(slot)?.get(alias);
    if (asking !== undefined) asking.lost = true;
    const record = this.#held.get(slot)?.get(alias);
    if (record === undefined) return;
    this.#suspensions++;
    if (!record.suspended) this.#write({ ...record, suspended: true });
    this.#confirm(registration, alias, now, effects);
  }

  /** The registration has ended: its aliases are given up. Their rows go when the aliases have answered. */
  end(registration: Registration, now: number, effects: Effects): void {
    const { slot, generation } = registration;
    for (const alias of this.#asking.get(slot)?.keys() ?? []) this.#disown(slot, alias);
    // What the next life asks is not what this one did.
    this.#asking.delete(slot);
    for (const record of [...(this.#held.get(slot)?.values() ?? [])]) {
      this.#held.get(slot)?.delete(record.alias);
      put(this.#owed, slot, record.alias, record);
      this.#giveUp(registration, record.alias, generation, now, effects);
    }
  }

  /** Another life begins in the slot: what the one before held stays to be given up, as that of its generation. */
  outlive(slot: number): void {
    for (const record of this.#owed.get(slot)?.values() ?? []) this.#parts.store.putAlias(record);
  }

  /** To be tried again: asks the alias what came of a suspension. */
  #doubt(registration: Registration, record: HeldAlias) {
    const ask = (when: number, effects: Effects) =>
      this.#confirm(registration, record.alias, when, effects);
    return [record, ask] as const;
  }

  /** Asks the alias what came of a suspension. */
  #confirm(registration: Registration, alias: string, now: number, effects: Effects): void {
    const { slot, generation } = registration;
    const request = this.#request(registration, alias, generation);
    const suspended = () => {
      const record = this.#held.get(slot)?.get(alias);
      return record?.suspended === true && record.generation === generation ? record : undefined;
    };
    let suspensions = this.#suspensions;
    const ask = (when: number, out: Effects): void =>
      this.#parts.lines.ask(
        request,
        () => {
          suspensions = this.#suspensions;
          return suspended() === undefined ? null : { method: "confirm", request };
        },
        (result, at, told) => {
          const record = suspended();
          if (record === undefined) return;
          const answer = result.ok ? result.answer : undefined;
          if (typeof answer !== "object" || !("holds" in answer)) {
            this.#parts.retries.add(request, ask, at);
          } else if (suspensions !== this.#suspensions) ask(at, told);
          else if (answer.holds)
            this.#write({ ...record, shared: answer.shared, suspended: false });
          else if (this.#leave(registration, alias, at, told))
            this.#parts.onLost(slot, alias, told);
        },
        when,
        out,
      );
    ask(now, effects);
  }

  #ask(
    registration: Registration,
    alias: string,
    asking: Asking,
    now: number,
    effects: Effects,
  ): void {
    const { slot, generation } = registration;
    const request = this.#request(registration, alias, generation);
    const { shared } = asking;
    this.#parts.lines.ask(
      request,
      () => {
        asking.lost = false;
        return { method: "set", request: { ...request, shared } };
      },
      (result, when, out) => {
        const granted = isGranted(result);
        // Whether it was lost before the alias heard of this one or after is not known: asking again tells.
        if (granted && asking.lost && !asking.unwanted && asking.tries++ < MAX_TRIES) {
          this.#ask(registration, alias, asking, when, out);
          return;
        }
        const isOver = this.#asking.get(slot)?.get(alias) !== asking;
        if (!isOver) this.#asking.get(slot)?.delete(alias);
        const refused = granted ? (asking.lost ? MOVING : null) : refusalOf(result);
        if (refused === null && !asking.unwanted) {
          this.#write({ slot, alias, shared, suspended: false, generation });
        } else if (granted) this.#giveUp(registration, alias, generation, when, out);
        else if (!result.ok && !isOver && !asking.unwanted) {
          // The alias may have it for a holder. As one that is suspended it is asked about until that is known.
          const record = { slot, alias, shared, suspended: true, generation };
          this.#write(record);
          this.#parts.retries.add(...this.#doubt(registration, record), when);
        }
        for (const errand of asking.errands) errand.done(refused, when, out);
      },
      now,
      effects,
    );
  }

  /** @param generation of the registration that held it */
  #giveUp(
    registration: Registration,
    alias: string,
    generation: number,
    now: number,
    effects: Effects,
  ): void {
    const { slot } = registration;
    const request = this.#request(registration, alias, generation);
    /** It may have been set again since. */
    const isMoot = () =>
      registration.record.endedAt === null &&
      generation === registration.generation &&
      (this.holds(slot, alias) || this.#asking.get(slot)?.has(alias) === true);
    const give = (when: number, out: Effects): void =>
      this.#parts.lines.ask(
        request,
        () => (isMoot() ? null : { method: "unset", request }),
        (result, at) => {
          if (!result.ok) this.#parts.retries.add(request, give, at);
          else this.#settle(slot, alias, generation);
        },
        when,
        out,
      );
    give(now, effects);
  }

  /** The alias has let go of what a life held. */
  #settle(slot: number, alias: string, generation: number): void {
    if (this.#owed.get(slot)?.get(alias)?.generation !== generation) return;
    this.#owed.get(slot)?.delete(alias);
    // The row may be that of a later life by now.
    if (!this.holds(slot, alias)) this.#parts.store.deleteAlias(slot, alias);
  }

  #request(registration: Registration, alias: string, generation: number): AliasUnsetRequest {
    const holder = { device: this.#parts.name, generation };
    return { app: registration.record.app, alias, holder };
  }

  #disown(slot: number, alias: string): void {
    const asking = this.#asking.get(slot)?.get(alias);
    if (asking !== undefined) asking.unwanted = true;
  }

  #write(record: HeldAlias): void {
    this.#parts.store.putAlias(record);
    this.#remember(record);
  }

  #remember(record: HeldAlias): void {
    put(this.#held, record.slot, record.alias, record);
  }

  /** Whether it was held. */
  #leave(registration: Registration, alias: string, now: number, effects: Effects): boolean {
    const { slot } = registration;
    const record = this.#held.get(slot)?.get(alias);
    if (record === undefined) return false;
    this.#held.get(slot)?.delete(alias);
    this.#parts.store.deleteAlias(slot, alias);
    if (record.shared) this.#parts.onLeft(registration, alias, now, effects);
    return true;
  }
}

function put<Value>(
  bySlot: Map<number, Map<string, Value>>,
  slot: number,
  alias: string,
  value: Value,
): void {
  const inSlot = bySlot.get(slot) ?? new Map<string, Value>();
  bySlot.set(slot, inSlot.set(alias, value));
}

const MOVING: Refused = { ok: false, code: "alias_stale", detail: "others set it too" };

function isGranted(result: CallResult): boolean {
  const answer = result.ok ? result.answer : undefined;
  return typeof answer === "object" && "ok" in answer && answer.ok;
}
