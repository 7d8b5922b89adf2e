/**
 * The aliases that registrations hold. The row of an alias is written before its object is called to set or unset it, so that after a
 * kill the call is repeated and the alias names no holder that has forgotten it. A registration claims an alias only after a positive
 * answer, and no longer once it begins to give it up.
 */
import { MeshError } from "../../../schema/errors.ts";
import { LIMITS } from "../../../schema/limits.ts";
import type { AliasConfirmation, AliasUnsetRequest } from "../../alias/types.ts";
import type { Context } from "../../link/effects.ts";
import type { Calls } from "../calls.ts";
import type { CurrentLink } from "../current-link.ts";
import type { Mail } from "../mail/mail.ts";
import type { Part } from "../part.ts";
import { PendingCommand } from "../pending-command.ts";
import type { Registration } from "../registration.ts";
import type { HeldAlias } from "../store.ts";
import { AliasCallQueues } from "./call-queues.ts";
import { type AliasDebtParts, AliasDebts, putNested } from "./debts.ts";
import { type AliasWish, callSet, marked, type OnSetEnd, type PendingSet } from "./sets.ts";

interface AliasOptions extends Omit<AliasDebtParts, "queues"> {
  readonly calls: Calls;
  readonly link: CurrentLink;
  readonly mail: Mail;
}

export class Aliases implements Part {
  readonly #parts: AliasOptions & AliasDebtParts;
  /** By slot and alias: what the present lives hold or may hold. */
  readonly #held = new Map<number, Map<string, HeldAlias>>();
  /** Number of suspensions: a confirmation requested before the last one is void. */
  #suspensions = 0;
  /** Sets in progress, by slot and alias. */
  readonly #pendingSets = new Map<number, Map<string, PendingSet>>();
  readonly #debts: AliasDebts;
  /** Aliases being asked about because of a send, by slot. */
  readonly #rechecking = new Map<number, Set<string>>();

  constructor(options: AliasOptions) {
    this.#parts = { ...options, queues: new AliasCallQueues(options.calls) };
    this.#debts = new AliasDebts(this.#parts, (slot, alias) => {
      if (this.#held.get(slot)?.has(alias) !== true) this.#dropRow(slot, alias);
    });
  }

  /** Reads the rows of all registrations. Aliases of ended registrations and of earlier lives were being given up. */
  load(registrations: ReadonlyMap<number, Registration>, now: number): void {
    for (const stored of this.#parts.store.listAliases()) {
      const registration = registrations.get(stored.slot);
      if (registration === undefined) continue;
      const record = { ...stored, generation: stored.generation || registration.generation };
      const isOver = record.generation !== registration.generation;
      if (!isOver && !record.leaving && registration.record.endedAt === null) {
        putNested(this.#held, record.slot, record.alias, record);
        if (record.suspended)
          this.#parts.retries.addDue(...this.#retryOf(registration, record), now);
      } else this.#debts.load({ registration, record }, now);
    }
  }

  /** Whether aliases of an ended registration or an earlier life have not confirmed that it gave them up. */
  owes(slot: number): boolean {
    return this.#debts.owesForEnded(slot);
  }

  /** The aliases that a registration holds, without suspended ones, which may have another holder. */
  of(slot: number): string[] {
    const records = [...(this.#held.get(slot)?.values() ?? [])];
    return records.filter(({ suspended }) => !suspended).map(({ alias }) => alias);
  }

  /** @param shared whether it must be held as shared or as exclusive; either if absent */
  holds(slot: number, alias: string, shared?: boolean): boolean {
    const record = this.#held.get(slot)?.get(alias);
    if (record === undefined || record.suspended) return false;
    return shared === undefined || record.shared === shared;
  }

  /** Sets an alias. Does nothing if it is held in this way already. */
  set(
    registration: Registration,
    { alias, shared, byServer }: AliasWish,
    command: PendingCommand,
    context: Context,
  ): MeshError | null {
    const { slot, generation } = registration;
    const known = this.#held.get(slot)?.get(alias);
    if (!byServer && shared && known?.byServer === true && !known.shared)
      return new MeshError("not_granted", "the app's server set it for this registration alone");
    const asking = this.#pendingSets.get(slot)?.get(alias);
    if (asking !== undefined) {
      if (asking.unwanted || asking.shared !== shared) {
        return new MeshError("alias_stale", "another command for this alias is in progress");
      }
      command.addStep();
      asking.commands.push(command);
      asking.byServer ||= byServer;
      return null;
    }
    if (known !== undefined && this.holds(slot, alias, shared)) {
      if (byServer && known.byServer !== true) this.#write({ ...known, byServer: true });
      return null;
    }
    const names = new Set([alias, ...(this.#held.get(slot)?.keys() ?? [])]);
    for (const other of this.#pendingSets.get(slot)?.keys() ?? []) names.add(other);
    if (names.size > LIMITS.ALIASES) {
      return new MeshError("too_many_aliases", `at most ${LIMITS.ALIASES}`);
    }
    const owed = this.#debts.of(slot);
    if (!owed.has(alias) && owed.size >= LIMITS.ALIASES) {
      const detail = `${owed.size} aliases are being given up`;
      return new MeshError("overloaded", detail, { retryAfterMs: 1_000 });
    }
    command.addStep();
    const commands = [command];
    const fresh: PendingSet = {
      ...{ shared, byServer: byServer || known?.byServer === true, commands },
      ...{ contested: false, unwanted: false, tries: 1 },
    };
    putNested(this.#pendingSets, slot, alias, fresh);
    // It is no longer given up, unless by an earlier life.
    this.#debts.cancel(slot, alias, generation);
    // Until the answer it is held as before; after a kill the alias is asked.
    if (known?.suspended !== true) {
      const state = { shared: known?.shared ?? shared, suspended: true, leaving: false };
      this.#parts.store.putAlias({ slot, alias, generation, ...state, ...marked(fresh) });
    }
    this.#callSet(registration, alias, fresh, context);
    return null;
  }

  /** The aliases that the device set by itself, or is setting. */
  byDevice(slot: number): string[] {
    const own = new Set<string>();
    for (const { alias, byServer } of this.#held.get(slot)?.values() ?? [])
      if (byServer !== true) own.add(alias);
    for (const [alias, { byServer, unwanted }] of this.#pendingSets.get(slot) ?? [])
      if (!byServer && !unwanted) own.add(alias);
    return [...own];
  }

  /** The device may no longer have an alias that it set: gives it up, and tells the app. */
  takeAway(registration: Registration, alias: string, context: Context): void {
    const { link } = this.#parts;
    this.unset(registration, alias, new PendingCommand(() => {}), context);
    const value = { slot: registration.slot, alias };
    if (link.isReady) link.sendTo(registration, { kind: "aliasLost", value }, context);
  }

  /** Gives an alias up. It is not an error if it is not held. */
  unset(
    registration: Registration,
    alias: string,
    command: PendingCommand,
    context: Context,
  ): void {
    const { slot, generation } = registration;
    const asking = this.#pendingSets.get(slot)?.get(alias);
    if (asking !== undefined) asking.unwanted = true;
    const held = this.#held.get(slot)?.get(alias);
    const shared = held?.shared ?? asking?.shared;
    const record = { slot, alias, shared: false, suspended: true, leaving: true, generation };
    const known = this.#debts.of(slot).get(alias);
    let owed = known?.record.generation === generation ? known : { registration, record };
    if (shared !== undefined) {
      owed = this.#debts.owe(registration, { ...record, shared });
      this.#unclaim(registration, alias, context);
    }
    command.addStep();
    this.#debts.call(owed, context, command);
  }

  /**
   * A send through this alias arrived, although this registration does not hold it, or not in this way: the edge or the alias is out
   * of date. Asks or tells the alias, unless a call is in progress. Costs no row if only the edge was out of date.
   */
  recheck(registration: Registration, alias: string, context: Context): void {
    const { slot, generation } = registration;
    const held = this.#held.get(slot)?.get(alias);
    const doubted = this.#rechecking.get(slot) ?? new Set();
    if (this.#isCalling(slot, alias) || doubted.has(alias)) return;
    this.#rechecking.set(slot, doubted.add(alias));
    const request = this.#request(registration, alias, generation);
    this.#parts.queues.enqueue(
      request,
      () => {
        const isMoot = this.#held.get(slot)?.get(alias) !== held || this.#isCalling(slot, alias);
        if (isMoot) doubted.delete(alias);
        return isMoot ? null : { method: held === undefined ? "unset" : "confirm", request };
      },
      (result, later) => {
        doubted.delete(alias);
        const record = this.#held.get(slot)?.get(alias);
        if (held === undefined || record !== held) return;
        const answer = result.ok ? result.answer : undefined;
        if (typeof answer === "object" && "holds" in answer)
          this.#confirmed(registration, held, answer, later);
      },
      context,
    );
  }

  /** Another registration is setting the alias: from now on the alias decides whether this one holds it. */
  suspend(registration: Registration, alias: string, context: Context): void {
    const { slot } = registration;
    const asking = this.#pendingSets.get(slot)?.get(alias);
    if (asking !== undefined) asking.contested = true;
    const record = this.#held.get(slot)?.get(alias);
    if (record === undefined) return;
    this.#suspensions++;
    if (!record.suspended) this.#write({ ...record, suspended: true });
    this.#confirm(registration, alias, context);
  }

  /** Does nothing, as `detach`: aliases are held whether the app is listening or not. */
  attach(): void {}

  detach(): void {}

  /** Gives up all aliases of the registration. Their rows are deleted when the aliases have answered. */
  end(registration: Registration, context: Context): void {
    const { slot, generation } = registration;
    const given = new Map(this.#held.get(slot));
    for (const [alias, asking] of this.#pendingSets.get(slot) ?? []) {
      asking.unwanted = true;
      const state = { shared: asking.shared, suspended: true, leaving: false };
      if (!given.has(alias)) given.set(alias, { slot, alias, generation, ...state });
    }
    // The next life's sets must not be mixed with these.
    this.#pendingSets.delete(slot);
    this.#held.delete(slot);
    for (const record of given.values()) this.#debts.addEnded({ registration, record }, context);
  }

  /** Does nothing: rows remain only for debts, and a slot with debts is not freed. */
  forget(): void {}

  /** Another life begins in the slot: aliases of the previous life keep being given up, under its generation. */
  reopen(slot: number): void {
    this.#debts.reopen(slot);
  }

  /** The arguments of `Retries` for `#confirm`. */
  #retryOf(registration: Registration, record: HeldAlias) {
    const ask = (later: Context) => this.#confirm(registration, record.alias, later);
    return [record, ask] as const;
  }

  /** Asks the alias whether a suspended registration still holds it. */
  #confirm(registration: Registration, alias: string, context: Context): void {
    const { slot, generation } = registration;
    const request = this.#request(registration, alias, generation);
    const suspended = () => {
      const record = this.#held.get(slot)?.get(alias);
      return record?.suspended === true && record.generation === generation ? record : undefined;
    };
    let suspensions = this.#suspensions;
    const ask = (later: Context): void =>
      this.#parts.queues.enqueue(
        request,
        () => {
          suspensions = this.#suspensions;
          return suspended() === undefined ? null : { method: "confirm", request };
        },
        (result, later) => {
          const record = suspended();
          if (record === undefined) return;
          const answer = result.ok ? result.answer : undefined;
          if (typeof answer !== "object" || !("holds" in answer)) {
            this.#parts.retries.add(request, ask, later.now);
          } else if (suspensions !== this.#suspensions) ask(later);
          else this.#confirmed(registration, record, answer, later);
        },
        later,
      );
    ask(context);
  }

  #confirmed(
    registration: Registration,
    record: HeldAlias,
    { holds, shared }: AliasConfirmation,
    context: Context,
  ): void {
    const { slot, alias } = record;
    if (!holds) {
      this.#unclaim(registration, alias, context);
      this.#dropRow(slot, alias);
      // Tells the app.
      const { link } = this.#parts;
      const value = { slot, alias };
      if (link.isReady) link.sendTo(registration, { kind: "aliasLost", value }, context);
    } else if (record.suspended || record.shared !== shared) {
      this.#write({ ...record, shared, suspended: false });
    }
  }

  #callSet(registration: Registration, alias: string, asking: PendingSet, context: Context): void {
    const { slot, generation } = registration;
    const onEnd: OnSetEnd = ({ refused, isUnknown }, later) => {
      if (this.#pendingSets.get(slot)?.get(alias) === asking) {
        this.#pendingSets.get(slot)?.delete(alias);
        // Otherwise it is a debt, and being given up.
        if (!asking.unwanted) {
          if (refused === null) {
            const state = { shared: asking.shared, suspended: false, leaving: false };
            this.#write({ slot, alias, generation, ...state, ...marked(asking) });
          } else if (isUnknown) this.#keepSuspended(registration, alias, asking, later.now);
          else if (asking.tries > 1) this.#giveUpContested(registration, alias, asking, later);
          else this.#dropRow(slot, alias);
        }
      }
      for (const command of asking.commands) command.done(refused, later);
    };
    const request = this.#request(registration, alias, generation);
    callSet(this.#parts.queues, request, asking, onEnd, context);
  }

  /** Other registrations keep setting it. Gives it up, unless it was held before: then the confirmation decides. */
  #giveUpContested(
    registration: Registration,
    alias: string,
    { shared }: PendingSet,
    context: Context,
  ): void {
    const { slot, generation } = registration;
    if (this.#held.get(slot)?.has(alias) === true) return;
    const owed = this.#debts.owe(registration, { slot, alias, shared, generation });
    this.#debts.call(owed, context);
  }

  /** The call failed, so the alias may name this registration: it stays suspended, as its row says, until the alias confirms. */
  #keepSuspended(registration: Registration, alias: string, asked: PendingSet, now: number): void {
    const { slot, generation } = registration;
    const shared = this.#held.get(slot)?.get(alias)?.shared ?? asked.shared;
    const state = { shared, suspended: true, leaving: false };
    const record = { slot, alias, generation, ...state, ...marked(asked) };
    putNested(this.#held, slot, alias, record);
    this.#parts.retries.add(...this.#retryOf(registration, record), now);
  }

  /** Whether a call about this alias is in progress. */
  #isCalling(slot: number, alias: string): boolean {
    return (
      this.#held.get(slot)?.get(alias)?.suspended === true ||
      this.#pendingSets.get(slot)?.has(alias) === true ||
      this.#debts.of(slot).has(alias)
    );
  }

  #request(registration: Registration, alias: string, generation: number): AliasUnsetRequest {
    const holder = { device: this.#parts.name, generation };
    return { app: registration.record.app, alias, holder };
  }

  #write(record: HeldAlias): void {
    const { slot, alias } = record;
    // While another set is in progress, the row stays suspended, so that after a kill the alias is asked.
    const isAsking = this.#pendingSets.get(slot)?.has(alias) === true;
    this.#parts.store.putAlias(isAsking ? { ...record, suspended: true } : record);
    putNested(this.#held, slot, alias, record);
  }

  /** A set or a debt is done: the row becomes what it would be without it, or is deleted. */
  #dropRow(slot: number, alias: string): void {
    if (this.#pendingSets.get(slot)?.has(alias) === true) return;
    const record = this.#held.get(slot)?.get(alias);
    // The row of an earlier life's debt was overwritten.
    const owed = this.#debts.of(slot).get(alias)?.record;
    if (record?.suspended === true) return;
    const stays = record ?? owed;
    if (stays !== undefined) this.#parts.store.putAlias(stays);
    else this.#parts.store.deleteAlias(slot, alias);
  }

  /** The registration no longer claims the alias. */
  #unclaim(registration: Registration, alias: string, context: Context): void {
    const { slot } = registration;
    const record = this.#held.get(slot)?.get(alias);
    if (record === undefined) return;
    this.#held.get(slot)?.delete(alias);
    if (record.shared) this.#parts.mail.releaseAlias(registration, alias, context);
  }
}
