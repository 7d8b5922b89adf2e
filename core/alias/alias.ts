/**
 * One alias of one app: the registrations behind a name.
 *
 * A device says that an alias is its own only between the answer of `set` and a release. Since `set` answers after
 * every former holder has let go durably, and only one operation runs at a time, no two devices say so of an alias
 * that is not shared, whatever fails between: an edge that sends to a former holder is told, and asks again.
 */
import { LIMITS } from "../../schema/limits.ts";
import type { Refused } from "../device/types.ts";
import type { AliasHost, AliasRecord, AliasStore } from "./host.ts";
import {
  type AliasHolders,
  type AliasSetAnswer,
  type AliasSetRequest,
  type AliasUnsetRequest,
  type FirstAckRequest,
  type Holder,
  sameHolder,
} from "./types.ts";

const refuse = (code: Refused["code"], detail: string): Refused => ({ ok: false, code, detail });

export class Alias {
  readonly #store: AliasStore;
  readonly #host: AliasHost;
  /** Ends when all operations so far have; it never fails. */
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor({ store, host }: { readonly store: AliasStore; readonly host: AliasHost }) {
    this.#store = store;
    this.#host = host;
  }

  /**
   * Gives the alias to a registration. Safe to repeat: a holder that sets it again changes nothing and writes nothing.
   *
   * @returns `alias_full` at `LIMITS.ALIAS_HOLDERS`; `alias_stale` where a former holder could not be told, who is then
   *   a holder still; `unregistered` for an account generation that another holder of the same device has replaced;
   *   `overloaded` where `LIMITS.ALIAS_WAITING` operations wait
   */
  async set(request: AliasSetRequest): Promise<AliasSetAnswer> {
    const done = this.#enqueue(() => this.#set(request));
    return done ?? refuse("overloaded", "too many registrations set it at once");
  }

  /**
   * Takes the alias from a registration; that it has it not is no error.
   *
   * @throws Error where `LIMITS.ALIAS_WAITING` operations wait
   */
  async unset({ holder }: AliasUnsetRequest): Promise<void> {
    const done = this.#enqueue(async () => {
      const record = this.#store.read();
      if (record === null) return;
      await this.#keep(record, (each) => !sameHolder(each, holder));
    });
    if (done === undefined) throw new Error("too many operations of the alias wait");
    await done;
  }

  async holders(): Promise<AliasHolders> {
    const { shared, holders } = this.#store.read() ?? { shared: false, holders: [] };
    return { shared, holders };
  }

  /** Tells all other holders to withdraw the message of this key. Safe to repeat. */
  async firstAck({ app, holder, key }: FirstAckRequest): Promise<void> {
    const others = this.#others(this.#store.read(), holder);
    await this.#each(others, ({ device, generation }) =>
      this.#host.device(device).withdraw({ app, generation, key }),
    );
  }

  /** Undefined at the bound. */
  #enqueue<T>(run: () => Promise<T>): Promise<T> | undefined {
    if (this.#waiting >= LIMITS.ALIAS_WAITING) return undefined;
    this.#waiting++;
    const done = this.#last.then(run).finally(() => this.#waiting--);
    this.#last = done.catch(() => undefined);
    return done;
  }

  async #set({ app, alias, holder, shared }: AliasSetRequest): Promise<AliasSetAnswer> {
    const record = this.#store.read();
    const others = this.#others(record, holder);
    const holds = record?.holders.some((each) => sameHolder(each, holder)) ?? false;
    if (record !== null && holds && record.shared === shared && (shared || others.length === 0)) {
      return { ok: true };
    }
    const later = record?.holders.find(
      ({ device, generation }) => device === holder.device && generation > holder.generation,
    );
    if (later !== undefined)
      return refuse("unregistered", "the account of the device was replaced");
    if (!shared) return this.#take(record, { app, alias, holder }, others);
    if (others.length >= LIMITS.ALIAS_HOLDERS) {
      return refuse("alias_full", `at most ${LIMITS.ALIAS_HOLDERS} registrations hold it`);
    }
    return this.#write({
      app,
      alias,
      shared,
      holders: holds ? (record?.holders ?? []) : [...others, holder],
    });
  }

  /** The alias for one registration alone, once all others have let go. */
  async #take(
    record: AliasRecord | null,
    { app, alias, holder }: Pick<AliasSetRequest, "app" | "alias" | "holder">,
    others: readonly Holder[],
  ): Promise<AliasSetAnswer> {
    const left = await this.#each(others, ({ device, generation }) =>
      this.#host.device(device).releaseAlias({ app, generation, alias }),
    );
    if (left.size === 0 || record === null) {
      return this.#write({ app, alias, shared: false, holders: [holder] });
    }
    // Those who let go hold it no more; the caller, if it held it, and those who could not be told still do.
    await this.#keep(record, (each) => left.has(each) || sameHolder(each, holder));
    return refuse("alias_stale", "a former holder could not be told");
  }

  /**
   * Everybody but this registration. An older account generation of its device is nobody: the device itself has
   * ended it, or it could not have a newer one.
   */
  #others(record: AliasRecord | null, { device, generation }: Holder): readonly Holder[] {
    return (record?.holders ?? []).filter(
      (each) => each.device !== device || each.generation > generation,
    );
  }

  async #keep(record: AliasRecord, keeps: (holder: Holder) => boolean): Promise<void> {
    const holders = record.holders.filter(keeps);
    if (holders.length < record.holders.length) await this.#write({ ...record, holders });
  }

  async #write(record: AliasRecord): Promise<{ readonly ok: true }> {
    this.#store.write(record);
    await this.#host.durable();
    return { ok: true };
  }

  /** Calls the devices of these holders at once; those whose call failed. */
  async #each(
    holders: readonly Holder[],
    call: (holder: Holder) => Promise<void>,
  ): Promise<ReadonlySet<Holder>> {
    const failed = new Set<Holder>();
    const calls = holders.map(async (holder) => {
      try {
        await call(holder);
      } catch (error) {
        failed.add(holder);
        this.#host.trouble(error);
      }
    });
    await Promise.all(calls);
    return failed;
  }
}
