/**
 * The rows and the alarm of one object: as it has written them, and as a process finds them that is killed now. A test says what
 * becomes of the next commits.
 */
import type { Time } from "./clock.ts";
import type { Life } from "./life.ts";

/**
 * It fails; the process is killed before it, or right after it; or it takes so many milliseconds, and more writes join it
 * meanwhile.
 */
export type CommitFate = "fails" | "lost" | "kept" | number;

interface State<Store> {
  readonly store: Store;
  readonly alarmAt: number | null;
}

export interface DiskOptions {
  /** Whether a process may be killed at any time: then all is copied that is written over. Otherwise only where there is a fate. */
  readonly isWatched?: boolean;
  /** Resolves when a commit is over that has no fate; at once unless told. */
  readonly sync?: () => Promise<void>;
  /** What was written is stored. */
  readonly onStored?: () => void;
}

export class Disk<Store extends object> {
  /** As the object has written it. */
  store: Store;
  alarmAt: number | null = null;
  /** The next first. Those that kill come even where nothing was written. */
  readonly fates: CommitFate[] = [];
  readonly #copy: (store: Store) => Store;
  readonly #options: DiskOptions;
  /** As it is stored, where something else was written and may be lost. */
  #durable: State<Store> | null = null;
  #isPending = false;
  /** Told whether what is being written was stored. */
  #writers = new Set<(error: Error | null) => void>();
  #commit: Promise<void> | null = null;

  constructor(store: Store, copy: (store: Store) => Store, options: DiskOptions = {}) {
    this.store = store;
    this.#copy = copy;
    this.#options = options;
  }

  /** What a process finds that is killed now. */
  get stored(): Store {
    return this.#durable?.store ?? this.store;
  }

  /** Whether something was written that is not stored. */
  get isPending(): boolean {
    return this.#isPending;
  }

  /** About to write. @param writer told what came of it */
  begin(writer: (error: Error | null) => void): void {
    // A copy of all rows is not made for nothing.
    if (this.fates.length > 0 || this.#options.isWatched === true)
      this.#durable ??= { store: this.#copy(this.store), alarmAt: this.alarmAt };
    this.#isPending = true;
    this.#writers.add(writer);
  }

  /** Whether the process is killed at the next commit; then it is over. */
  strike(life: Life): boolean {
    const [fate] = this.fates;
    if (fate !== "lost" && fate !== "kept") return false;
    this.fates.shift();
    if (fate === "lost") this.revert();
    else this.commit();
    life.kill();
    return true;
  }

  /** What was written is stored at once; the platform would have held back what was said of it. */
  commit(): void {
    this.#end(null);
    this.#options.onStored?.();
  }

  /** What was written is stored some time after this. */
  committed(clock: Time): Promise<void> {
    this.#commit ??= this.#write(clock);
    return this.#commit;
  }

  /** What is not stored is gone, where a test has wanted that: those who wrote it are told, unless their process is. */
  revert(error: Error | null = null): void {
    if (this.#durable !== null) ({ store: this.store, alarmAt: this.alarmAt } = this.#durable);
    this.#end(error);
  }

  /** Runs a handler of which all is written, or nothing. */
  atomic<Answer>(run: () => Answer): Answer {
    const before: State<Store> = { store: this.#copy(this.store), alarmAt: this.alarmAt };
    try {
      return run();
    } catch (error) {
      ({ store: this.store, alarmAt: this.alarmAt } = before);
      throw error;
    }
  }

  async #write(clock: Time): Promise<void> {
    const fate = this.fates[0];
    if (fate === "fails" || typeof fate === "number") this.fates.shift();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const told = (error: Error | null) => (error === null ? resolve() : reject(error));
    this.#writers.add(told);
    if (typeof fate === "number") await Promise.race([clock.sleep(fate), promise]);
    else await this.#options.sync?.();
    if (this.#writers.has(told)) {
      if (fate === "fails") this.revert(new Error("disk is full"));
      else this.commit();
    }
    return promise;
  }

  #end(error: Error | null): void {
    const writers = this.#writers;
    this.#writers = new Set();
    this.#commit = null;
    this.#durable = null;
    this.#isPending = false;
    for (const writer of writers) writer(error);
  }
}
