/**
 * The one runtime of the tests: the ports of objects/runtime.ts in memory, on a clock, a disk and a process that are in the test's
 * hands. It is like either host: where objects hibernate, the platform holds back what is said of rows that are not stored, an
 * object whose rows are lost dies with them, and an alarm is known once it was asked for; else all that waits for the gate,
 * and the alarm is a row.
 */
import type { ObjectRuntime, Residence, Scheduler, Stored } from "../../../../objects/runtime.ts";
import { FakeAlarm } from "./alarm.ts";
import { FakeStorage, fenced, type RuntimeParts } from "./storage.ts";

/** The two kinds of hosts. */
export const HOSTS = [
  { host: "on a host where objects hibernate", hibernates: true },
  { host: "on a host that commits in groups", hibernates: false },
] as const;

export class FakeRuntime<Store extends object> implements ObjectRuntime<Store> {
  readonly name: string;
  readonly alarm: FakeAlarm<Store>;
  readonly scheduler: Scheduler;
  readonly residence: Residence & { sweeps: number };
  readonly isFailing = false;
  /** What was reported. */
  readonly errors: unknown[] = [];
  /** How often its rows were opened, and freed. */
  opened = 0;
  freed = 0;
  readonly #parts: RuntimeParts<Store>;
  #storage: FakeStorage<Store> | null = null;
  #random: number;

  constructor(parts: RuntimeParts<Store>) {
    const { name, life, clock, hibernates } = parts;
    this.#parts = parts;
    this.#random = parts.seed ?? 1;
    this.name = name;
    this.residence = { hibernates, sweeps: 0, woke() {} };
    this.alarm = new FakeAlarm(parts, () => this.#storage);
    this.scheduler = {
      timer: (ms, onEnd) => clock.timer(ms, () => this.#end(onEnd)),
      sleep: (ms) => life.call(() => clock.sleep(ms)),
      yield: () => life.call(async () => {}),
      rest: () => life.call(async () => {}),
    };
  }

  now(): number {
    return this.#parts.clock.now;
  }

  random(): number {
    return 0.5;
  }

  /** The same for the same seed. */
  randomBytes(count: number): Uint8Array {
    return Uint8Array.from({ length: count }, () => {
      // Numerical Recipes, §7.1.
      this.#random = (Math.imul(this.#random, 1_664_525) + 1_013_904_223) >>> 0;
      return this.#random >>> 24;
    });
  }

  open(): Stored<Store> {
    if (this.#parts.life.isDead) throw new Error("this process was killed");
    this.opened++;
    const storage = new FakeStorage(this.#parts);
    this.#storage = storage;
    return { store: fenced(this.#parts, storage), storage };
  }

  async free(): Promise<void> {
    this.freed++;
    this.alarm.fired();
  }

  reportError(error: unknown): void {
    if (this.#parts.life.isDead) return;
    this.errors.push(error);
    this.#parts.onError?.(error);
  }

  /** The alarm comes. Where its process dies meanwhile it comes again: where it is a row, that row is still there. */
  async ring(work: () => Promise<void>): Promise<void> {
    const { life, disk, hibernates } = this.#parts;
    const { alarmAt } = disk;
    if (hibernates) disk.alarmAt = null;
    await Promise.race([work(), life.death]);
    if (hibernates && life.isDead) disk.alarmAt ??= alarmAt;
  }

  #end(onEnd: () => void): void {
    if (this.#parts.life.isDead) return;
    try {
      onEnd();
    } catch (error) {
      this.reportError(error);
    }
  }
}
