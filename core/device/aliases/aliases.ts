/**
 * The aliases that registrations hold. A row says that one is wanted, or given up, before the alias is asked, so that after a kill
 * the alias is asked again and no holder is left that does not know it. A device says that an alias is its own only from a good
 * answer on, and from the moment that it gives it up no more: it is never wrong.
 */
import { MeshError } from "../../../schema/errors.ts";
import { LIMITS } from "../../../schema/limits.ts";
import type { AliasConfirmation, AliasUnsetRequest } from "../../alias/types.ts";
import type { CallResult, Context } from "../../link/effects.ts";
import type { Refused } from "../../message/refusal.ts";
import type { Calls } from "../calls.ts";
import type { CurrentLink } from "../current-link.ts";
import type { Mail } from "../mail/mail.ts";
import type { Part } from "../part.ts";
import { type PendingCommand, refusalOf } from "../pending-command.ts";
import type { Registration } from "../registration.ts";
import type { HeldAlias } from "../store.ts";
import { type AliasDebtParts, AliasDebts, put } from "./debts.ts";
import { AliasLines } from "./lines.ts";

export interface AliasOptions extends Omit<AliasDebtParts, "lines"> {
  readonly calls: Calls;
  readonly link: CurrentLink;
  readonly mail: Mail;
}

/** A set that the alias has not answered. */
interface Asking {
  readonly shared: boolean;
  readonly commands: PendingCommand[];
  /** Another registration takes it, before the alias heard of this one or after. */
  lost: boolean;
  /** The app does not want it any more. */
  unwanted: boolean;
  tries: number;
}

/** How often a set is repeated whose answer may be out of date. */
const MAX_TRIES = 3;

export class Aliases implements Part {
  readonly #parts: AliasOptions & AliasDebtParts;
  /** By slot and alias: what the present lives hold, or may hold. */
  readonly #held = new Map<number, Map<string, HeldAlias>>();
  /** How often aliases were suspended: an answer to a question from before the last time decides nothing. */
  #suspensions = 0;
  readonly #asking = new Map<number, Map<string, Asking>>();
  readonly #debts: AliasDebts;
  /** What is asked about because of a send, likewise. */
  readonly #doubted = new Map<number, Set<string>>();

  constructor(options: AliasOptions) {
    this.#parts = { ...options, lines: new AliasLines(options.calls) };
    this.#debts = new AliasDebts(this.#parts, (slot, alias) => {
      if (this.#held.get(slot)?.has(alias) !== true) this.#dropRow(slot, alias);
    });
  }

  /** Reads the rows of all registrations; those of ended ones, and of earlier lives, were being given up. */
  load(registrations: ReadonlyMap<number, Registration>, now: number): void {
    for (const stored of this.#parts.store.listAliases()) {
      const registration = registrations.get(stored.slot);
      if (registration === undefined) continue;
      const record = { ...stored, generation: stored.generation || registration.generation };
      const isOver = record.generation !== registration.generation;
      if (!isOver && !record.leaving && registration.record.endedAt === null) {
        put(this.#held, record.slot, record.alias, record);
        if (record.suspended) this.#parts.retries.addDue(...this.#again(registration, record), now);
      } else this.#debts.load({ registration, record }, now);
    }
  }

  /** Whether aliases of an ended registration, or of an earlier life, have not let it go. */
  owes(slot: number): boolean {
    return this.#debts.hasOver(slot);
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
    command: PendingCommand,
    context: Context,
  ): MeshError | null {
    const { slot, generation } = registration;
    const asking = this.#asking.get(slot)?.get(alias);
    if (asking !== undefined) {
      if (asking.unwanted || asking.shared !== shared) {
        return new MeshError("alias_stale", "another command for this alias is in progress");
      }
      command.expect();
      asking.commands.push(command);
      return null;
    }
    if (this.holds(slot, alias, shared)) return null;
    const names = new Set([alias, ...(this.#held.get(slot)?.keys() ?? [])]);
    for (const other of this.#asking.get(slot)?.keys() ?? []) names.add(other);
    if (names.size > LIMITS.ALIASES) {
      return new MeshError("too_many_aliases", `at most ${LIMITS.ALIASES}`);
    }
    const owed = this.#debts.of(slot);
    if (!owed.has(alias) && owed.size >= LIMITS.ALIASES) {
      const detail = `${owed.size} aliases are being given up`;
      return new MeshError("overloaded", detail, { retryAfterMs: 1_000 });
    }
    command.expect();
    const commands = [command];
    const fresh: Asking = { shared, commands, lost: false, unwanted: false, tries: 1 };
    put(this.#asking, slot, alias, fresh);
    // It is given up no more; what an earlier life held still is.
    this.#debts.cancel(slot, alias, generation);
    const held = this.#held.get(slot)?.get(alias);
    // Until then it is held as it was; after a kill the alias is asked.
    if (held?.suspended !== true) {
      const state = { shared: held?.shared ?? shared, suspended: true, leaving: false };
      this.#parts.store.putAlias({ slot, alias, generation, ...state });
    }
    this.#ask(registration, alias, fresh, context);
    return null;
  }

  /** Gives an alias up; that it is not held is no error. */
  unset(
    registration: Registration,
    alias: string,
    command: PendingCommand,
    context: Context,
  ): void {
    const { slot, generation } = registration;
    const asking = this.#asking.get(slot)?.get(alias);
    if (asking !== undefined) asking.unwanted = true;
    const held = this.#held.get(slot)?.get(alias);
    const shared = held?.shared ?? asking?.shared;
    const record = { slot, alias, shared: false, suspended: true, leaving: true, generation };
    const known = this.#debts.of(slot).get(alias);
    let owed = known?.record.generation === generation ? known : { registration, record };
    if (shared !== undefined) {
      owed = this.#debts.owe(registration, { ...record, shared });
      this.#forget(registration, alias, context);
    }
    command.expect();
    this.#debts.tell(owed, context, command);
  }

  /**
   * A send by this alias came, from an edge to which the alias named this registration, though it does not hold it, or not so: the
   * alias is asked, or told, unless that is being done. It costs no row where the edge was out of date.
   */
  doubt(registration: Registration, alias: string, context: Context): void {
    const { slot, generation } = registration;
    const held = this.#held.get(slot)?.get(alias);
    const doubted = this.#doubted.get(slot) ?? new Set();
    if (this.#isAsked(slot, alias) || doubted.has(alias)) return;
    this.#doubted.set(slot, doubted.add(alias));
    const request = this.#request(registration, alias, generation);
    this.#parts.lines.ask(
      request,
      () => {
        const isMoot = this.#held.get(slot)?.get(alias) !== held || this.#isAsked(slot, alias);
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

  /** Another registration sets it: from here on the alias says whether it is held. */
  suspend(registration: Registration, alias: string, context: Context): void {
    const { slot } = registration;
    const asking = this.#asking.get(slot)?.get(alias);
    if (asking !== undefined) asking.lost = true;
    const record = this.#held.get(slot)?.get(alias);
    if (record === undefined) return;
    this.#suspensions++;
    if (!record.suspended) this.#write({ ...record, suspended: true });
    this.#confirm(registration, alias, context);
  }

  /** Aliases are held whether the app listens or not. */
  detach(): void {}

  /** The registration ends: its aliases are given up. Their rows go when the aliases have answered. */
  end(registration: Registration, context: Context): void {
    const { slot, generation } = registration;
    const given = new Map(this.#held.get(slot));
    for (const [alias, asking] of this.#asking.get(slot) ?? []) {
      asking.unwanted = true;
      const state = { shared: asking.shared, suspended: true, leaving: false };
      if (!given.has(alias)) given.set(alias, { slot, alias, generation, ...state });
    }
    // What the next life asks is not what this one did.
    this.#asking.delete(slot);
    this.#held.delete(slot);
    for (const record of given.values()) this.#debts.inherit({ registration, record }, context);
  }

  /** Its rows tell what is owed, and a slot that owes is not freed. */
  forget(): void {}

  /** Another life begins in the slot: what the one before held stays to be given up, as that of its generation. */
  outlive(slot: number): void {
    this.#debts.outlive(slot);
  }

  /** To be tried again: asks the alias what came of a suspension. */
  #again(registration: Registration, record: HeldAlias) {
    const ask = (later: Context) => this.#confirm(registration, record.alias, later);
    return [record, ask] as const;
  }

  /** Asks the alias what came of a suspension. */
  #confirm(registration: Registration, alias: string, context: Context): void {
    const { slot, generation } = registration;
    const request = this.#request(registration, alias, generation);
    const suspended = () => {
      const record = this.#held.get(slot)?.get(alias);
      return record?.suspended === true && record.generation === generation ? record : undefined;
    };
    let suspensions = this.#suspensions;
    const ask = (later: Context): void =>
      this.#parts.lines.ask(
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
      this.#forget(registration, alias, context);
      this.#dropRow(slot, alias);
      // The app is told.
      const { link } = this.#parts;
      if (link.isReady) link.send({ kind: "aliasLost", value: { slot, alias } }, context);
    } else if (record.suspended || record.shared !== shared) {
      this.#write({ ...record, shared, suspended: false });
    }
  }

  #ask(registration: Registration, alias: string, asking: Asking, context: Context): void {
    const { slot, generation } = registration;
    const request = this.#request(registration, alias, generation);
    const { shared } = asking;
    this.#parts.lines.ask(
      request,
      () => {
        asking.lost = false;
        return { method: "set", request: { ...request, shared } };
      },
      (result, later) => {
        const granted = isGranted(result);
        // Whether it was lost before the alias heard of this one or after is not known: asking again tells.
        if (granted && asking.lost && !asking.unwanted && asking.tries++ < MAX_TRIES) {
          this.#ask(registration, alias, asking, later);
          return;
        }
        const refused = granted ? (asking.lost ? MOVING : null) : refusalOf(result);
        if (this.#asking.get(slot)?.get(alias) === asking) {
          this.#asking.get(slot)?.delete(alias);
          // Else it is owed since, and being given up.
          if (!asking.unwanted) {
            if (refused === null) {
              const state = { shared, suspended: false, leaving: false };
              this.#write({ slot, alias, generation, ...state });
            } else if (!result.ok) this.#unanswered(registration, alias, shared, later.now);
            else if (asking.tries > 1) this.#outrun(registration, alias, shared, later);
            else this.#dropRow(slot, alias);
          }
        }
        for (const command of asking.commands) command.done(refused, later);
      },
      context,
    );
  }

  /** It was set, and others took it, or wanted to. Where it was held before, what is asked because of that tells whether it still is. */
  #outrun(registration: Registration, alias: string, shared: boolean, context: Context): void {
    const { slot, generation } = registration;
    if (this.#held.get(slot)?.has(alias) === true) return;
    const owed = this.#debts.owe(registration, { slot, alias, shared, generation });
    this.#debts.tell(owed, context);
  }

  /** The alias may have it for a holder. As one that is suspended, as its row says, it is asked about until that is known. */
  #unanswered(registration: Registration, alias: string, asked: boolean, now: number): void {
    const { slot, generation } = registration;
    const shared = this.#held.get(slot)?.get(alias)?.shared ?? asked;
    const record = { slot, alias, shared, suspended: true, leaving: false, generation };
    put(this.#held, slot, alias, record);
    this.#parts.retries.add(...this.#again(registration, record), now);
  }

  /** Whether the alias is being asked, or told, whose it is. */
  #isAsked(slot: number, alias: string): boolean {
    return (
      this.#held.get(slot)?.get(alias)?.suspended === true ||
      this.#asking.get(slot)?.has(alias) === true ||
      this.#debts.of(slot).has(alias)
    );
  }

  #request(registration: Registration, alias: string, generation: number): AliasUnsetRequest {
    const holder = { device: this.#parts.name, generation };
    return { app: registration.record.app, alias, holder };
  }

  #write(record: HeldAlias): void {
    const { slot, alias } = record;
    // While it is being set otherwise a kill leaves that to be asked about.
    const isAsking = this.#asking.get(slot)?.has(alias) === true;
    this.#parts.store.putAlias(isAsking ? { ...record, suspended: true } : record);
    put(this.#held, slot, alias, record);
  }

  /** A set, or a giving up, has ended: the row says what is so without it. */
  #dropRow(slot: number, alias: string): void {
    if (this.#asking.get(slot)?.has(alias) === true) return;
    const record = this.#held.get(slot)?.get(alias);
    // That of an earlier life was overwritten.
    const owed = this.#debts.of(slot).get(alias)?.record;
    if (record?.suspended === true) return;
    const stays = record ?? owed;
    if (stays !== undefined) this.#parts.store.putAlias(stays);
    else this.#parts.store.deleteAlias(slot, alias);
  }

  /** The registration does not say any more that it holds it. */
  #forget(registration: Registration, alias: string, context: Context): void {
    const { slot } = registration;
    const record = this.#held.get(slot)?.get(alias);
    if (record === undefined) return;
    this.#held.get(slot)?.delete(alias);
    if (record.shared) this.#parts.mail.leaveAlias(registration, alias, context);
  }
}

const MOVING: Refused = { ok: false, code: "alias_stale", detail: "others set it too" };

function isGranted(result: CallResult): boolean {
  const answer = result.ok ? result.answer : undefined;
  return typeof answer === "object" && "ok" in answer && answer.ok;
}
