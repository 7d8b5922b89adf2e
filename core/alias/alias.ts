/**
 * One alias of one app: the registrations that hold a name.
 *
 * A device claims an alias only between the answer to `set` and a suspension, and again once `confirm` says so. `set` suspends every
 * holder that it affects, durably, before it writes its row, which decides. Operations run one at a time, and `confirm` is one of them, so
 * a suspended holder learns the result, whatever failed in between. So no two devices claim an exclusive alias, and a refused `set` has
 * changed nothing. An edge that sends to a suspended holder is refused, and asks the alias again. A suspension that arrives late only makes
 * its holder ask. A command that was sent before the latest one carried out for its device is ignored, because the device has given it up.
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
  /** Resolves when all operations so far have ended; never rejects. */
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor({ store, host }: { readonly store: AliasStore; readonly host: AliasHost }) {
    this.#store = store;
    this.#host = host;
  }

  /**
   * Gives the alias to a registration. Safe to repeat: the same command changes and writes nothing.
   *
   * @returns `alias_full` at `LIMITS.ALIAS_HOLDERS`; `alias_stale` if a holder could not be suspended, and nothing changed, or if the command
   *   is late (see `AliasCommand`); `unregistered` if a later generation of the same device holds the alias; `not_granted`: see `joinsShared`; `overloaded` if
   *   `LIMITS.ALIAS_WAITING` operations wait
   */
  async set(request: AliasSetRequest): Promise<AliasSetAnswer> {
    const done = this.#enqueue(() => this.#set(request));
    return done ?? refuse("overloaded", "too many registrations set the alias at the same time");
  }

  /**
   * Takes the alias from a registration, and from earlier generations of its device. Not an error if it does not hold the alias.
   *
   * @returns undefined when done; `alias_stale` if the command is late
   * @throws Error if `LIMITS.ALIAS_WAITING` operations wait
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
   * Tells a suspended registration whether it holds the alias. Takes the alias from earlier generations of its device.
   *
   * @throws Error if `LIMITS.ALIAS_WAITING` operations wait
   */
  async confirm({ holder, epoch }: AliasUnsetRequest): Promise<AliasConfirmation> {
    const done = this.#enqueue(async () => {
      // Makes a `set` that was sent before this call, and arrives after it, late: it would contradict the answer.
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

  /** @param key of a message: the answer then also says which registrations acknowledged it */
  async holders(key?: Uint8Array): Promise<AliasHolders> {
    const { shared, holders, taken } = this.#store.read() ?? { shared: false, holders: [] };
    const takers = key === undefined ? [] : takersOf(taken, key, this.#host.now());
    return { shared, holders, ...(takers.length > 0 ? { taken: takers } : {}) };
  }

  /**
   * Has all other holders withdraw the message with this key, and stores who acknowledged it, for registrations that join later. Safe to
   * repeat; writes one row once. However many holders acknowledge it at the same time, each other holder is called once, until that succeeds.
   *
   * @throws Error if a holder could not be told, or the row could not be written; repeat the call then
   */
  async firstAck(request: FirstAckRequest): Promise<void> {
    const { app, holder, key } = request;
    const record = this.#store.read();
    const others = this.#others(record, holder);
    const withdrawal = this.#withdrawals.of(key, this.#host.now());
    // A holder that acknowledged it has nothing to withdraw.
    const taker = record?.holders.find((each) => sameHolder(each, holder));
    if (taker !== undefined) withdrawal.skip(taker);
    const calls = others.map((other) =>
      withdrawal.tell(other, () =>
        this.#succeeds(() =>
          this.#host.device(other.device).withdraw({ app, generation: other.generation, key }),
        ),
      ),
    );
    const [remembered] = await Promise.allSettled([this.#remember(request)]);
    const failed = (await Promise.all(calls)).filter((isTold) => !isTold).length;
    if (remembered.status === "rejected") {
      // A registration that joins before the row is written may be sent the message, so the next call must tell all holders again.
      this.#withdrawals.forget(key);
      throw remembered.reason;
    }
    if (failed > 0) throw new Error(`${failed} of ${others.length} holders could not be told`);
  }

  /** Erases an alias that nobody holds once it has nothing left to remember. */
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

  /** Undefined at the limit. */
  #enqueue<T>(run: () => Promise<T>): Promise<T> | undefined {
    if (this.#waiting >= LIMITS.ALIAS_WAITING) return undefined;
    this.#waiting++;
    const done = this.#last.then(run).finally(() => this.#waiting--);
    this.#last = done.catch(() => undefined);
    return done;
  }

  /** Null if the command may be carried out; it is then the latest of its device. */
  #late({ device }: Holder, epoch: number | undefined): LateCommand | null {
    if (epoch === undefined) return null;
    const now = this.#host.now();
    let latest = this.#commands.of(device, now);
    for (const each of this.#store.read()?.holders ?? []) {
      if (each.device === device) latest = Math.max(latest, each.epoch ?? 0);
    }
    if (epoch < latest) return { ...refuse("alias_stale", "the command is late"), epoch: latest };
    this.#commands.add(device, epoch, now);
    return null;
  }

  async #set(request: AliasSetRequest): Promise<AliasSetAnswer> {
    const { app, alias, shared, epoch, until } = request;
    // The device may have unset it since, and the alias may have forgotten that.
    if (until !== undefined && until <= this.#host.now()) {
      return refuse("alias_stale", "the command is late");
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
      return refuse("unregistered", "a later registration of this device holds the alias");
    if (request.joinsShared === true && record?.shared === false && others.length > 0)
      return refuse("not_granted", "another registration holds the alias exclusively");
    if (shared && others.length >= LIMITS.ALIAS_HOLDERS) {
      return refuse(
        "alias_full",
        `at most ${LIMITS.ALIAS_HOLDERS} registrations can hold the alias`,
      );
    }
    // A holder that had it alone must know that it is shared now, because it tells edges that do not know.
    if (!shared || record?.shared === false) {
      const calls = others.map(({ device, generation }) =>
        this.#succeeds(() => this.#host.device(device).suspendAlias({ app, alias, generation })),
      );
      // Suspended holders ask for the result, and learn that they still hold it.
      if ((await Promise.all(calls)).includes(false))
        return refuse("alias_stale", "a holder could not be suspended");
    }
    const joined =
      known === undefined
        ? [...others, holder]
        : (record?.holders ?? []).map((each) => (each === known ? holder : each));
    return this.#write({ ...record, app, alias, shared, holders: shared ? joined : [holder] });
  }

  /** All other holders. Excludes earlier generations of the same device, which ended when the device got this one. */
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
   * Writes one row. An alias that nobody holds is erased, because devices can make up any number of them. If it still has to remember
   * acknowledgements, the alarm erases it later.
   *
   * @param known acknowledged messages. Read again by default, because one may have been stored while holders were suspended
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
   * Calls a device; false if that failed or took too long: a device that hangs must not block the operations that wait: one
   * of them may be the `confirm` of a suspended holder.
   */
  async #succeeds(call: () => Promise<void>): Promise<boolean> {
    try {
      await this.#host.withTimeout(LIMITS.CALL_MS, call());
      return true;
    } catch (error) {
      this.#host.reportError(error);
      return false;
    }
  }
}
