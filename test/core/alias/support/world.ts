/**
 * An alias and the devices that want it, with everything that can come between two steps: any order of what is under
 * way, calls that fail before or after they did their work, that hang, or that do it long after the alias gave them up, and an
 * alias object that dies with or without its last write.
 */
import type { Scheduler } from "fast-check";
import type { AliasRecord, AliasStore } from "../../../../core/alias/host.ts";
import type {
  AliasSetAnswer,
  AliasSuspension,
  FirstAckRequest,
  Holder,
  WithdrawRequest,
} from "../../../../core/alias/types.ts";
import { aliasObjectName } from "../../../../core/tag/name.ts";
import { AliasShell } from "../../../../objects/alias/alias-shell.ts";
import type { DeviceRpc } from "../../../../objects/interfaces/rpc.ts";
import type { Timer } from "../../../../objects/runtime.ts";
import { callWith, type Fault, isSlow } from "../../support/faults.ts";
import type { Time } from "../../support/runtime/clock.ts";
import { Disk } from "../../support/runtime/disk.ts";
import { FakeRuntime } from "../../support/runtime/fake-runtime.ts";
import { Life } from "../../support/runtime/life.ts";

export const APP = "ZGVmZ2hpams";
export const ALIAS = "user-1";

export const holderOf = (device: number): Holder => ({ device: `device-${device}`, generation: 1 });

/** The number and the fingerprint that a message has there. */
export const seqOf = (device: number): number => 100 + device;
export const FINGERPRINT = 9;

export const firstAckOf = (device: number, key: Uint8Array): FirstAckRequest => ({
  ...{ app: APP, alias: ALIAS, holder: holderOf(device) },
  ...{ key, seq: seqOf(device), fingerprint: FINGERPRINT },
});

/** As often as a device asks for an alias that it was told to let go of while it asked. */
const MAX_TRIES = 4;

/**
 * What a device does about one alias: it says "mine" from a good answer to a suspension, and again where the alias confirms it. It
 * asks one thing at a time.
 */
export class WorldDevice {
  mine = false;
  /** Held, and not to be said so until the alias has confirmed it. */
  suspended = false;
  suspensions = 0;
  /** Ends when all it asked has been answered. */
  last: Promise<unknown> = Promise.resolve();
  readonly withdrawn: Uint8Array[] = [];
  /** By key: what became of the messages of `firstAckWins` that came, or were withdrawn. */
  readonly rung = new Map<string, "rings" | "taken" | "recalled">();
  /** Suspended since it last asked. */
  lost = false;
  /** How often it was told that the alias is another's. */
  losses = 0;

  /** Another took it: it rings no more, and one that has not come yet never will. */
  withdraw(key: Uint8Array): void {
    this.withdrawn.push(key);
    if (this.rung.get(String(key)) !== "taken") this.rung.set(String(key), "recalled");
  }

  /** It gives the alias up, and what rings is the others'. */
  leave(): void {
    for (const [key, state] of this.rung) if (state === "rings") this.rung.set(key, "recalled");
  }
}

/** One row. */
class MemoryAliasStore implements AliasStore {
  record: AliasRecord | null = null;
  rows = 0;

  get exists(): boolean {
    return this.record !== null;
  }

  copy(): MemoryAliasStore {
    return Object.assign(new MemoryAliasStore(), { record: this.record, rows: this.rows });
  }

  read(): AliasRecord | null {
    return this.record;
  }

  write(record: AliasRecord): void {
    this.record = record;
    this.rows++;
  }

  erase(): void {
    this.record = null;
    this.rows++;
  }
}

export class World implements Time {
  readonly devices: readonly WorldDevice[];
  readonly troubles: unknown[] = [];
  readonly #disk: Disk<MemoryAliasStore>;
  /** Milliseconds since 1970. */
  now = 0;
  /** What happens to the next calls of devices' objects; null for nothing. */
  faults: (Fault | null)[] = [];
  readonly #scheduler: Pick<Scheduler, "schedule">;
  #lastEpoch = 0;
  /** Calls that a caller's timer may give up. */
  readonly #slow = new WeakSet<Promise<unknown>>();
  /** Whether the alias has just made such a call. */
  #callsSlowly = false;
  #life = new Life();
  #alias: AliasShell;
  #wrong: unknown = null;

  /** Calls of `set` and `unset` that get no answer, because the object died, reject with this. */
  static readonly DEATH = "the object died";

  constructor(devices: number, scheduler: Pick<Scheduler, "schedule">) {
    this.devices = Array.from({ length: devices }, () => new WorldDevice());
    this.#scheduler = scheduler;
    this.#disk = new Disk(new MemoryAliasStore(), (store) => store.copy(), {
      isWatched: true,
      sync: () => scheduler.schedule(Promise.resolve(), "synced"),
      onStored: () => this.#look(),
    });
    this.#alias = this.#start();
  }

  /** @param hears whether the device waits for the answer; else it gives the call up, and asks what came of it */
  set(device: number, shared = false, hears = true): Promise<AliasSetAnswer> {
    const end = this.#device(device);
    return this.#next(end, async () => {
      for (let tries = 1; ; tries++) {
        end.lost = false;
        const request = { ...this.#order(device), shared };
        if (!hears) {
          await this.#giveUp((alias) => alias.set(request));
          end.mine = false;
          end.suspended = true;
          void this.#next(end, () => this.#confirm(device));
          return { ok: false, code: "overloaded" };
        }
        const answer = await this.call((alias) => alias.set(request));
        // Whether another took it before the alias heard of this one, or after, is not known: asking again tells.
        if (answer.ok && end.lost && tries < MAX_TRIES) continue;
        if (answer.ok && !end.lost) {
          end.mine = true;
          end.suspended = false;
        } else if (tries > 1 && !end.suspended) {
          // It was set, and others took it, or wanted to.
          await this.call((alias) => alias.unset(this.#order(device)));
        }
        this.check();
        return answer;
      }
    });
  }

  /** @param hears likewise; else the device asks again */
  unset(device: number, hears = true): Promise<void> {
    const end = this.#device(device);
    return this.#next(end, async () => {
      end.mine = false;
      end.suspended = false;
      end.leave();
      const [first, again] = [this.#order(device), this.#order(device)];
      if (!hears) await this.#giveUp((alias) => alias.unset(first));
      await this.call((alias) => alias.unset(hears ? first : again));
    });
  }

  /** What a device asks is later than all that it asked before. */
  #order(device: number) {
    return { app: APP, alias: ALIAS, holder: holderOf(device), epoch: ++this.#lastEpoch };
  }

  /** A call that arrives whenever it may, and that nobody waits for. */
  async #giveUp<T>(run: (alias: AliasShell) => Promise<T>): Promise<void> {
    void this.call(run).catch(() => undefined);
    await this.#scheduler.schedule(Promise.resolve(), "is given up");
  }

  /** Another sets it: durably, the device says no more that it is its own, and asks. */
  #suspend(device: number): void {
    const end = this.#device(device);
    end.lost = true;
    end.suspensions++;
    if (!end.mine && !end.suspended) return;
    end.mine = false;
    end.suspended = true;
    void this.#next(end, () => this.#confirm(device));
  }

  async #confirm(device: number): Promise<void> {
    const end = this.#device(device);
    while (end.suspended) {
      const { suspensions } = end;
      const request = this.#order(device);
      // A device tries again, for as long as it takes.
      const answer = await this.call((alias) => alias.confirm(request)).catch(() => null);
      if (answer === null || suspensions !== end.suspensions) continue;
      end.suspended = false;
      end.mine = answer.holds;
      if (!answer.holds) end.losses++;
      this.check();
    }
  }

  async firstAck(device: number, key: Uint8Array): Promise<void> {
    await this.#alias.firstAck(firstAckOf(device, key));
  }

  holders() {
    return this.#alias.holders();
  }

  get alias(): AliasShell {
    return this.#alias;
  }

  /** What is on disk, and what was written since. */
  get durable(): AliasRecord | null {
    return this.#disk.stored.record;
  }

  get written(): AliasRecord | null {
    return this.#disk.store.record;
  }

  get rows(): number {
    return this.#disk.store.rows;
  }

  get alarmAt(): number | null {
    return this.#disk.alarmAt;
  }

  /** The next row is not taken. */
  fill(): void {
    this.#disk.fates.push("fails");
  }

  /** The alias object dies; what it wrote last is on disk or is not. */
  crash(kept: boolean): void {
    if (kept) this.#disk.commit();
    else this.#disk.revert();
    this.#life.kill();
    this.#alias = this.#start();
    this.check();
  }

  /** The promise: whoever says "mine" is known durably, and is alone where the alias is not shared. */
  check(): void {
    if (this.#wrong !== null) throw this.#wrong;
    const mine = this.devices.flatMap(({ mine }, i) => (mine ? [holderOf(i).device] : []));
    const holders = this.durable?.holders.map(({ device }) => device) ?? [];
    const unknown = mine.filter((device) => !holders.includes(device));
    if (unknown.length > 0) throw new Error(`${unknown} say it is theirs; known are ${holders}`);
    if (this.durable?.shared === false && holders.length > 1) {
      throw new Error(`not shared, and of ${holders}`);
    }
  }

  /** The same where nothing may be thrown: the next look throws it. */
  #look(): void {
    try {
      this.check();
    } catch (error) {
      this.#wrong = error;
    }
  }

  /** Every device has heard what it asked. */
  async settled(): Promise<void> {
    for (const { last } of this.devices) await last;
  }

  #next<T>(end: WorldDevice, run: () => Promise<T>): Promise<T> {
    const done = end.last.then(run);
    end.last = done.catch(() => undefined);
    return done;
  }

  #device(device: number): WorldDevice {
    const end = this.devices[device];
    if (end === undefined) throw new Error(`no device ${device}`);
    return end;
  }

  /** A call over the network to whatever object there is when it arrives. */
  async call<T>(run: (alias: AliasShell) => Promise<T>): Promise<T> {
    await this.#scheduler.schedule(Promise.resolve(), "arrives");
    const dead = this.#life.death.then(() => Promise.reject(new Error(World.DEATH)));
    const answer = await Promise.race([this.#life.fence(run(this.#alias)), dead]);
    await this.#scheduler.schedule(Promise.resolve(), "is answered");
    return answer;
  }

  #start(): AliasShell {
    const life = new Life();
    this.#life = life;
    const runtime = new FakeRuntime({
      ...{ name: aliasObjectName(APP, ALIAS), clock: this, disk: this.#disk, life },
      hibernates: false,
      onError: (error) => this.troubles.push(error),
    });
    return new AliasShell(runtime, { device: (name) => this.#deviceRpc(life, name) });
  }

  /** A device's object, as one life of the alias calls it. */
  #deviceRpc(life: Life, name: string): DeviceRpc {
    const device = Number(name.slice("device-".length));
    const end = this.#device(device);
    const rpc: Pick<DeviceRpc, "suspendAlias" | "withdraw"> = {
      suspendAlias: (_: AliasSuspension) =>
        life.call(() => this.#slowly(this.carry(() => this.#suspend(device)))),
      withdraw: ({ key }: WithdrawRequest) =>
        life.call(() => this.#slowly(this.carry(() => end.withdraw(key)))),
    };
    return rpc as DeviceRpc;
  }

  #slowly<T>(call: Promise<T>): Promise<T> {
    this.#callsSlowly = this.#slow.has(call);
    return call;
  }

  /** The alias gives a call up, which it has just made: only where that is slow. */
  timer(_ms: number, onEnd: () => void): Timer {
    let isOver = !this.#callsSlowly;
    this.#callsSlowly = false;
    if (!isOver)
      void this.elapse().then(() => {
        if (!isOver) onEnd();
      });
    const cancel = () => {
      isOver = true;
    };
    return { cancel };
  }

  sleep(): Promise<void> {
    return this.elapse();
  }

  /** Time is what the scheduler makes of it. */
  elapse(): Promise<void> {
    return this.#scheduler.schedule(Promise.resolve(), "a timer");
  }

  /** Rejects where a slow call is given up first. */
  inTime<T>(call: Promise<T>): Promise<T> {
    if (!this.#slow.has(call)) return call;
    const timeout = this.elapse().then(() => Promise.reject(new Error("took too long")));
    return Promise.race([call, timeout]);
  }

  /** A call of a device's object, which the next fault happens to. */
  carry<T>(work: () => T): Promise<T> {
    const fault = this.faults.shift() ?? null;
    // The caller's timer may be first, however late it is: time is what the scheduler makes of it.
    const late = () => this.#scheduler.schedule(Promise.resolve(), "comes late");
    const call = callWith(fault, () => this.#work(work), late);
    if (fault !== null && isSlow(fault)) this.#slow.add(call);
    return call;
  }

  async #work<T>(work: () => T): Promise<T> {
    await this.#scheduler.schedule(Promise.resolve(), "calls a device");
    const answer = work();
    this.check();
    await this.#scheduler.schedule(Promise.resolve(), "hears of it");
    return answer;
  }
}

/** Everything happens at once, in the order it was begun. */
export const AT_ONCE: Pick<Scheduler, "schedule"> = { schedule: (task) => task };
