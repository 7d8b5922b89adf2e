/** The alarm of one object, in one life of its process. Whoever made the runtime rings it. */
import type { AlarmPort } from "../../../../objects/runtime.ts";
import { StorageError } from "../../../../objects/storage-error.ts";
import type { FakeStorage, RuntimeParts } from "./storage.ts";

export class FakeAlarm<Store extends object> implements AlarmPort {
  readonly #parts: RuntimeParts<Store>;
  /** The storage that was opened last: where the alarm is a row, it is written with the others. */
  readonly #storage: () => FakeStorage<Store> | null;
  #at: number | null | undefined;
  /** Setting it fails with this, where it is no row; null while it works. */
  error: Error | null = null;

  constructor(parts: RuntimeParts<Store>, storage: () => FakeStorage<Store> | null) {
    this.#parts = parts;
    this.#storage = storage;
    this.#at = parts.knowsAlarm === true ? parts.disk.alarmAt : undefined;
  }

  get at(): number | null | undefined {
    const { hibernates, disk } = this.#parts;
    return hibernates ? this.#at : disk.alarmAt;
  }

  async load(): Promise<void> {
    await this.#parts.life.fence(Promise.resolve());
    if (this.#at === undefined) this.#at = this.#parts.disk.alarmAt;
  }

  set(at: number): Promise<void> | null {
    const { hibernates, life } = this.#parts;
    const standing = this.at ?? null;
    if (standing !== null && standing <= at) return null;
    if (this.error !== null) {
      this.#at = undefined;
      return life.fence(Promise.reject(new StorageError(this.error)));
    }
    this.#write(at);
    return hibernates ? life.fence(Promise.resolve()) : null;
  }

  fired(): void {
    const { hibernates } = this.#parts;
    // Where it is no row, the platform has cleared it before it rang.
    if (hibernates) this.#at = null;
    else this.#write(null);
  }

  clear(): void {
    this.#write(null);
  }

  #write(at: number | null): void {
    const { life, disk, hibernates } = this.#parts;
    if (life.isDead) return;
    this.#at = at;
    // Where it is no row it is stored at once, or with the rows that were written before it.
    if (!hibernates) this.#storage()?.begin();
    disk.alarmAt = at;
  }
}
