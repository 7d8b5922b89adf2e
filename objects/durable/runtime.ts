/** The runtime of a Durable Object. */
import type { KnownObjects } from "../capacity/known-objects.ts";
import type { AlarmPort, ObjectRuntime, Residence, Scheduler, Stored, Timer } from "../runtime.ts";
import { DurableAlarm } from "./alarm.ts";
import { Rows } from "./rows.ts";

/** About as long as a batch of a fan-out's calls takes on one machine, so that single sends get half of the thread. */
const REST_MS = 2;

/** Bindings that all objects read. */
export interface Settings {
  /** How many links and listeners this process may have; undefined if the platform bounds them. */
  readonly MAX_LINKS?: string;
}

export class DurableRuntime<Store extends object> implements ObjectRuntime<Store> {
  readonly name: string;
  /** The platform always has space. */
  readonly isFailing = false;
  readonly alarm: AlarmPort;
  readonly scheduler: Scheduler = workersScheduler;
  readonly residence: Residence = hibernation;
  readonly #ctx: DurableObjectState;
  readonly #store: (rows: Rows) => Store;
  readonly #known: KnownObjects | null;

  /**
   * @param store makes the object's store from its rows
   * @param known is told whether the object is there; null if nobody asks
   * @throws Error if the object was not addressed by name
   */
  constructor(
    ctx: DurableObjectState,
    { MAX_LINKS }: Settings,
    store: (rows: Rows) => Store,
    known: KnownObjects | null = null,
  ) {
    if (ctx.id.name === undefined) throw new Error("an object must be addressed by name");
    this.name = ctx.id.name;
    this.alarm = new DurableAlarm(ctx.storage, MAX_LINKS);
    this.#ctx = ctx;
    this.#store = store;
    this.#known = known;
  }

  now(): number {
    return Date.now();
  }

  random(): number {
    return Math.random();
  }

  randomBytes(count: number): Uint8Array {
    return crypto.getRandomValues(new Uint8Array(count));
  }

  open(): Stored<Store> {
    const rows = new Rows(this.#ctx);
    const store = this.#store(rows);
    if ("exists" in store && store.exists === true) this.#known?.add(this.name);
    return { store, storage: rows };
  }

  free(): Promise<void> {
    // `deleteAll` deletes the alarm, too.
    this.alarm.fired();
    this.#known?.delete(this.name);
    return this.#ctx.storage.deleteAll();
  }

  reportError(error: unknown): void {
    console.error(error);
  }
}

const hibernation: Residence = { hibernates: true, sweeps: 0, woke() {} };

export const sleep = (ms: number): Promise<void> => scheduler.wait(ms);

const workersScheduler: Scheduler = {
  timer(ms: number, onEnd: () => void): Timer {
    const timer = setTimeout(onEnd, ms);
    return { cancel: () => clearTimeout(timer) };
  },
  sleep,
  // A turn of the event loop takes 37 µs this way; `scheduler.wait(0)` takes 64.
  yield: () => new Promise((resolve) => setTimeout(resolve, 0)),
  rest: () => sleep(REST_MS),
};
