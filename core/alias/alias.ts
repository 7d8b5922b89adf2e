/**
 * One alias of one app: the registrations behind a name.
 *
 * A device says that an alias is its own only between the answer of `set` and a suspension, and again once `confirm` says so.
 * `set` suspends every holder that it changes anything for, durably, before it writes: its row is what decides. Only one
 * operation runs at a time, and `confirm` is one, so that a holder learns what came of it, whatever failed or died between. So
 * no two devices say that an alias is theirs that is not shared, and what is refused has changed nothing: an edge that sends to
 * a suspended holder is told, and asks again. A suspension that comes late, after it was given up, only makes its holder ask. What
 * a device asked before the latest that was carried out for it is not carried out: it has given that up.
 */
import { LIMITS } from "../../schema/limits.ts";
import { LatestEpochs } from "../message/latest-epochs.ts";
import type { Refused } from "../message/refusal.ts";
import type { AliasHost, AliasRecord, AliasStore } from "./host.ts";
import { lastEnd, liveKeys, takersOf, withTaken } from "./taken-keys.ts";
import {
  type AliasConfirmation,
  type AliasHolders,
  type AliasSetAnswer,
  type AliasSetRequest,
  type AliasUnsetRequest,
  type FirstAckRequest,
  type Holder,
  type LateCommand,
  sameHolder,
} from "./types.ts";
import { Withdrawals } from "./withdrawals.ts";

const refuse = (code: Refused["code"], detail: string): Refused => ({ ok: false, code, detail });

export class Alias {
  readonly #store: AliasStore;
  readonly #host: AliasHost;
  readonly #commands = new LatestEpochs(LIMITS.ALIAS_COMMANDS);
  readonly #withdrawals = new Withdrawals();
  /** Ends when all operations so far have; it never fails. */
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor({ store, host }: { readonly store: AliasStore; readonly host: AliasHost }) {
    this.#store = store;
    this.#host = host;
  }

  /**
   * Gives the alias to a registration. Safe to repeat: the same order changes nothing and writes nothing.
   *
   * @returns `alias_full` at `LIMITS.ALIAS_HOLDERS`; `alias_stale` where a holder could not be suspended, and nothing has
   *   changed; `unregistered` for an account generation that another holder of the same device has replaced;
   *   `overloaded` where `LIMITS.ALIAS_WAITING` operations wait; `alias_stale` for one that comes late, see `AliasCommand`
   */
  async set(request: AliasSetRequest): Promise<AliasSetAnswer> {
    const done = this.#enqueue(() => this.#set(request));
    return done ?? refuse("overloaded", "too many registrations set it at once");
  }

  /**
   * Takes the alias from a registration, and those before it of its device; that it has it not is no error.
   *
   * @returns undefined when it is done; `alias_stale` where it comes late
   * @throws Error where `LIMITS.ALIAS_WAITING` operations wait
   */
  async unset({ holder, epoch }: AliasUnsetRequest): Promise<LateCommand | undefined> {
    const done = this.#enqueue(async () => {
      const late = this.#late(holder, epoch);
      if (late !== null) return late;
      await this.#keep(
        ({ device, generation }) => device !== holder.device || generation > holder.generation,
      );
      return undefined;
    });
    if (done === undefined) throw new Error("too many operations of the alias wait");
    return done;
  }

  /**
   * Whether a registration holds it, and how: the word for one that was suspended. Those before it of its device hold it no more.
   *
   * @throws Error where `LIMITS.ALIAS_WAITING` operations wait
   */
  async confirm({ holder, epoch }: AliasUnsetRequest): Promise<AliasConfirmation> {
    const done = this.#enqueue(async () => {
      // A set that comes after this answer is not what was answered.
      this.#late(holder, epoch);
      await this.#keep(
        ({ device, generation }) => device !== holder.device || generation >= holder.generation,
      );
      const { shared, holders } = await this.holders();
      return { holds: holders.some((each) => sameHolder(each, holder)), shared };
    });
    if (done === undefined) throw new Error("too many operations of the alias wait");
    return done;
  }

  /** @param key of a message: whether one of them has taken it is told, too */
  async holders(key?: Uint8Array): Promise<AliasHolders> {
    const { shared, holders, taken } = this.#store.read() ?? { shared: false, holders: [] };
    const takers = key === undefined ? [] : takersOf(taken, key, this.#host.now());
    return { shared, holders, ...(takers.length > 0 ? { taken: takers } : {}) };
  }

  /**
   * Tells all other holders to withdraw the message of this key, and remembers, durably, who took it: for those who join later.
   * Safe to repeat; it writes one row once. However many take it at once, each other holder is called once, until it has heard.
   *
   * @throws Error where one could not be told, or it cannot be remembered: it is to be repeated then
   */
  async firstAck(request: FirstAckRequest): Promise<void> {
    const { app, holder, key } = request;
    const record = this.#store.read();
    const others = this.#others(record, holder);
    const withdrawal = this.#withdrawals.of(key, this.#host.now());
    // Whoever took it itself has nothing to withdraw.
    const taker = record?.holders.find((each) => sameHolder(each, holder));
    if (taker !== undefined) withdrawal.heard(taker);
    const calls = others.map((other) =>
      withdrawal.tell(other, () =>
        this.#hears(() =>
          this.#host.device(other.device).withdraw({ app, generation: other.generation, key }),
        ),
      ),
    );
    const [remembered] = await Promise.allSettled([this.#remember(request)]);
    const failed = (await Promise.all(calls)).filter((isTold) => !isTold).length;
    if (remembered.status === "rejected") {
      // Whoever joins before it is remembered may be sent it, and those who have heard may have forgotten by then.
      this.#withdrawals.forget(key);
      throw remembered.reason;
    }
    if (failed > 0) throw new Error(`${failed} of ${others.length} holders could not be told`);
  }

  /** The alarm: one that nobody holds leaves nothing once it need not remember anything. */
  async onAlarm(): Promise<void> {
    const record = this.#store.read();
    if (record === null || record.holders.length > 0) return;
    await this.#write(record);
  }

  async #remember(request: FirstAckRequest): Promise<void> {
    const { app, alias } = request;
    const record = this.#store.read() ?? { app, alias, shared: true, holders: [] };
    const taken = withTaken(record.taken, request, this.#host.now());
    if (taken !== null) await this.#write(record, taken);
  }

  /** Undefined at the bound. */
  #enqueue<T>(run: () => Promise<T>): Promise<T> | undefined {
    if (this.#waiting >= LIMITS.ALIAS_WAITING) return undefined;
    this.#waiting++;
    const done = this.#last.then(run).finally(() => this.#waiting--);
    this.#last = done.catch(() => undefined);
    return done;
  }

  /** Null for an order that is to be carried out: it is the latest of its device from here on. */
  #late({ device }: Holder, epoch: number | undefined): LateCommand | null {
    if (epoch === undefined) return null;
    const now = this.#host.now();
    let latest = this.#commands.of(device, now);
    for (const each of this.#store.read()?.holders ?? []) {
      if (each.device === device) latest = Math.max(latest, each.epoch ?? 0);
    }
    if (epoch < latest) return { ...refuse("alias_stale", "it came late"), epoch: latest };
    this.#commands.add(device, epoch, now);
    return null;
  }

  async #set(request: AliasSetRequest): Promise<AliasSetAnswer> {
    const { app, alias, shared, epoch, until } = request;
    // The device may have given it up by then, and nobody remember that.
    if (until !== undefined && until <= this.#host.now()) {
      return refuse("alias_stale", "it came late");
    }
    const late = this.#late(request.holder, epoch);
    if (late !== null) return late;
    const { device, generation } = request.holder;
    const holder: Holder = { device, generation, ...(epoch === undefined ? {} : { epoch }) };
    const record = this.#store.read();
    const others = this.#others(record, holder);
    const known = record?.holders.find((each) => sameHolder(each, holder));
    const isSame = known !== undefined && (known.epoch ?? 0) >= (epoch ?? 0);
    if (record !== null && isSame && record.shared === shared && (shared || others.length === 0)) {
      return { ok: true };
    }
    const later = record?.holders.find(
      ({ device, generation }) => device === holder.device && generation > holder.generation,
    );
    if (later !== undefined)
      return refuse("unregistered", "a later registration of this device holds it");
    if (shared && others.length >= LIMITS.ALIAS_HOLDERS) {
      return refuse("alias_full", `at most ${LIMITS.ALIAS_HOLDERS} registrations hold it`);
    }
    // One that had it alone is to know that it is shared now: edges that do not are told by it.
    if (!shared || record?.shared === false) {
      const calls = others.map(({ device, generation }) =>
        this.#hears(() => this.#host.device(device).suspendAlias({ app, alias, generation })),
      );
      // Those who were suspended ask what came of it, and hear that they hold it.
      if ((await Promise.all(calls)).includes(false))
        return refuse("alias_stale", "a holder could not be told");
    }
    const joined =
      known === undefined
        ? [...others, holder]
        : (record?.holders ?? []).map((each) => (each === known ? holder : each));
    return this.#write({ ...record, app, alias, shared, holders: shared ? joined : [holder] });
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

  async #keep(keeps: (holder: Holder) => boolean): Promise<void> {
    const record = this.#store.read();
    if (record === null) return;
    const holders = record.holders.filter(keeps);
    if (holders.length === record.holders.length) return;
    await this.#write({ ...record, holders });
  }

  /**
   * One row. One that nobody holds leaves nothing, for devices make up as many as they like, but what it has to remember for a
   * while: an alarm comes then.
   *
   * @param known what was taken: as stored now, for a first acknowledgement may have come while others were suspended
   */
  async #write(
    { taken: _, ...record }: AliasRecord,
    known = this.#store.read()?.taken,
  ): Promise<{ readonly ok: true }> {
    const taken = liveKeys(known, this.#host.now());
    const until = lastEnd(taken);
    if (record.holders.length === 0 && until === null) this.#store.erase();
    else {
      this.#store.write(taken.length === 0 ? record : { ...record, taken });
      if (record.holders.length === 0 && until !== null) this.#host.setAlarm(until);
    }
    await this.#host.durable();
    return { ok: true };
  }

  /**
   * Calls a device; false where that failed, or took too long: one that hangs must hold up neither the operations that wait nor
   * those who ask what came of a suspension.
   */
  async #hears(call: () => Promise<void>): Promise<boolean> {
    try {
      await this.#host.withTimeout(LIMITS.CALL_MS, call());
      return true;
    } catch (error) {
      this.#host.reportError(error);
      return false;
    }
  }
}
