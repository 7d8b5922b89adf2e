/** A runtime whose rows, alarm and clock are in the test's hands. */
import type { AlarmPort, ObjectRuntime, StoragePort, Stored } from "../../../objects/runtime.ts";

class FakeAlarm implements AlarmPort {
  at: number | null = null;

  async load(): Promise<void> {}

  set(at: number): null {
    if (this.at === null || at < this.at) this.at = at;
    return null;
  }

  fired(): void {
    this.at = null;
  }

  clear(): void {
    this.at = null;
  }
}

export class FakeRuntime<Store> implements ObjectRuntime<Store> {
  readonly name: string;
  readonly alarm = new FakeAlarm();
  readonly errors: unknown[] = [];
  /** How often its rows were opened, and freed. */
  opened = 0;
  freed = 0;
  /** Milliseconds since 1970. */
  time = 1_800_000_000_000;
  /** What the next rows that are to be durable fail with; null where they are stored. */
  diskError: Error | null = null;
  readonly residence = { hibernates: true, sweeps: 0, woke() {} };
  readonly scheduler = {
    timer: () => ({ cancel() {} }),
    // No test here lasts so long.
    sleep: () => new Promise<void>(() => {}),
    yield: async () => {},
    rest: async () => {},
  };
  readonly #disk: () => Store;

  /** @param disk what is stored, as one life of the object's memory reads it */
  constructor(name: string, disk: () => Store) {
    this.name = name;
    this.#disk = disk;
  }

  now(): number {
    return this.time;
  }

  get isFailing(): boolean {
    return false;
  }

  randomBytes(count: number): Uint8Array {
    return new Uint8Array(count);
  }

  open(): Stored<Store> {
    this.opened++;
    return { store: this.#disk(), storage: this.#storage() };
  }

  async free(): Promise<void> {
    this.freed++;
  }

  reportError(error: unknown): void {
    this.errors.push(error);
  }

  #storage(): StoragePort {
    let failure: unknown = null;
    const end = (error: unknown): void => {
      failure ??= error;
    };
    return {
      get failure() {
        return failure;
      },
      gate: () => {
        if (this.diskError === null) return null;
        end(this.diskError);
        return Promise.reject(this.diskError);
      },
      atomic: (run) => run(),
      end,
      fail(error) {
        end(error);
        return failure;
      },
    };
  }
}
