/** What one life of an object's memory writes on its disk. */
import type { StoragePort } from "../../../../objects/runtime.ts";
import { StorageError } from "../../../../objects/storage-error.ts";
import type { Time } from "./clock.ts";
import type { Disk } from "./disk.ts";
import type { Life } from "./life.ts";

export interface RuntimeParts<Store extends object> {
  readonly name: string;
  readonly clock: Time;
  readonly disk: Disk<Store>;
  /** Of the process. */
  readonly life: Life;
  /** Whether it is like Workers: see `FakeRuntime`. */
  readonly hibernates: boolean;
  /** Whether the alarm is known from the start all the same. */
  readonly knowsAlarm?: boolean;
  /** Of what is random. */
  readonly seed?: number;
  /** Told of what is reported. */
  readonly onError?: (error: unknown) => void;
}

export class FakeStorage<Store extends object> implements StoragePort {
  readonly #parts: RuntimeParts<Store>;
  #failure: unknown = null;
  /** Whether it has written what is not stored. */
  #isPending = false;
  #isAtomic = false;

  constructor(parts: RuntimeParts<Store>) {
    this.#parts = parts;
  }

  get failure(): unknown {
    return this.#failure;
  }

  gate(): Promise<void> | null {
    const { life, disk, clock, hibernates } = this.#parts;
    if (this.#failure !== null) return Promise.reject(this.#failure);
    if (disk.strike(life)) return hibernates ? null : life.call(async () => {});
    if (!this.#isPending) return null;
    if (!hibernates) return life.fence(stored(disk.committed(clock)));
    this.#store();
    return null;
  }

  atomic<Answer>(run: () => Answer): Answer {
    if (!this.#parts.hibernates) return run();
    this.#isAtomic = true;
    try {
      return this.#parts.disk.atomic(run);
    } finally {
      this.#isAtomic = false;
    }
  }

  end(error: unknown): void {
    this.#failure ??= error;
  }

  /** What it has written, and may be a half of something, goes with the object where the platform can do that. */
  fail(error: unknown): unknown {
    const { life, disk, hibernates } = this.#parts;
    const isLost = hibernates && this.#isPending && !this.#isAtomic && this.#failure === null;
    this.end(error);
    if (isLost) {
      disk.revert();
      life.kill();
    }
    return this.#failure;
  }

  /** About to write. @throws what failed before */
  begin(): void {
    const { life, disk, clock, hibernates } = this.#parts;
    if (life.isDead) throw new Error("this process was killed");
    if (this.#failure !== null) throw this.#failure;
    if (this.#isPending) return;
    this.#isPending = true;
    disk.begin((error) => {
      this.#isPending = false;
      if (error !== null) this.end(new StorageError(error));
    });
    // It is stored whether anybody waits for it or not.
    if (hibernates) queueMicrotask(() => this.#store());
    else stored(disk.committed(clock)).catch(() => {});
  }

  /** Of a platform that holds back what is said of rows: they are stored when the turn is over. A commit that fails kills. */
  #store(): void {
    const { life, disk } = this.#parts;
    if (!this.#isPending || life.isDead) return;
    const [fate] = disk.fates;
    if (fate !== undefined && fate !== "kept") disk.fates.shift();
    if (fate === "fails" || fate === "lost") {
      disk.revert();
      life.kill();
    } else disk.commit();
  }
}

/** How the methods of stores begin that write. */
const WRITES = /^(write|put|insert|delete|remove|erase)/;

/** The rows of a disk, written by one life of an object's memory; a dead process has none. */
export function fenced<Store extends object>(
  parts: RuntimeParts<Store>,
  storage: FakeStorage<Store>,
): Store {
  return new Proxy(parts.disk.store, {
    get(_, property) {
      if (parts.life.isDead) throw new Error("this process was killed");
      // The rows may have been taken back since: what is read then is what stands.
      const { store } = parts.disk;
      const value = Reflect.get(store, property, store);
      if (typeof value !== "function") return value;
      const writes = typeof property === "string" && WRITES.test(property);
      return (...args: unknown[]) => {
        if (writes) storage.begin();
        return value.apply(parts.disk.store, args);
      };
    },
  });
}

async function stored(commit: Promise<void>): Promise<void> {
  try {
    await commit;
  } catch (error) {
    throw new StorageError(error);
  }
}
