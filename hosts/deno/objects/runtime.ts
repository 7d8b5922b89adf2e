/** The runtime of an object in the process that holds them all. */
import type {
  AlarmPort,
  ObjectRuntime,
  Residence,
  Scheduler,
  StoragePort,
  Stored,
} from "../../../objects/runtime.ts";
import type { AlarmRow } from "../store/alarm-row.ts";
import { ObjectWriter } from "../store/object-writer.ts";
import type { Alarms } from "./alarms.ts";
import type { Mesh } from "./mesh.ts";
import type { TimerWheel } from "./timer-wheel.ts";
import type { Turns } from "./turns.ts";

/** Longer than a batch of a fan-out's calls takes, since Deno's timers fire 1 ms late: most of the thread is left to single sends. */
const REST_MS = 1;

export interface MachineObject<Store> {
  /** Creates the object's store, which must write through this writer only. */
  readonly store: (writer: ObjectWriter) => Store;
  /** The storage port, if it is not the writer. */
  readonly storage?: StoragePort;
  /** Its alarm, if it has one: of what is stored, or of the process. */
  readonly alarm?: ((store: Store) => AlarmPort) | AlarmPort;
  /** Called when it has something to do. */
  readonly woke?: () => void;
}

export class MachineRuntime<Store> implements ObjectRuntime<Store>, Residence {
  readonly name: string;
  readonly scheduler: Scheduler;
  readonly hibernates = false;
  readonly #mesh: Mesh;
  readonly #object: MachineObject<Store>;
  #alarm: AlarmPort | null = null;

  constructor(mesh: Mesh, name: string, object: MachineObject<Store>) {
    this.#mesh = mesh;
    this.name = name;
    this.#object = object;
    this.scheduler = mesh.scheduler;
    if (typeof object.alarm === "object") this.#alarm = object.alarm;
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
    const writer = new ObjectWriter(this.#mesh.db);
    const { alarm, storage = writer } = this.#object;
    const store = this.#object.store(writer);
    if (typeof alarm === "function") this.#alarm = alarm(store);
    return { store, storage };
  }

  get isFailing(): boolean {
    return this.#mesh.db.isFailing;
  }

  /** The database is everybody's: nothing of it is left to one object. */
  async free(): Promise<void> {}

  /** Of the life that was opened last. */
  get alarm(): AlarmPort {
    if (this.#alarm === null) throw new Error("it has no alarm, or was not opened");
    return this.#alarm;
  }

  get residence(): Residence {
    return this;
  }

  get sweeps(): number {
    return this.#mesh.sweeps;
  }

  woke(): void {
    this.#object.woke?.();
  }

  reportError(error: unknown): void {
    this.#mesh.report(error);
  }
}

/** An alarm that is a row of the object, set in one transaction with the data that needs it. */
export class RowAlarm implements AlarmPort {
  readonly #alarms: Alarms;
  readonly #row: AlarmRow;

  constructor(alarms: Alarms, row: AlarmRow) {
    this.#alarms = alarms;
    this.#row = row;
  }

  get at(): number | null {
    return this.#row.alarmAt;
  }

  /** It was read with the object. */
  async load(): Promise<void> {}

  set(at: number): null {
    this.#alarms.expect(this.#row, at);
    return null;
  }

  fired(): void {
    this.#row.clearAlarm();
  }

  clear(): void {
    this.#row.clearAlarm();
  }
}

export const machineScheduler = (wheel: TimerWheel, turns: Turns): Scheduler => ({
  timer: (ms, onEnd) => wheel.start(ms, onEnd),
  sleep: (ms) => turns.sleep(ms),
  yield: () => turns.yield(),
  rest: () => turns.rest(REST_MS),
});
