/** The alarm of a Durable Object. */
import { alarmTime } from "../capacity/alarm-spreader.ts";
import type { AlarmPort } from "../runtime.ts";
import { StorageError } from "../storage-error.ts";

export class DurableAlarm implements AlarmPort {
  readonly #storage: DurableObjectStorage;
  readonly #maxLinks: string | undefined;
  #at: number | null | undefined;

  /** @param maxLinks the setting MAX_LINKS: if there is one, an alarm may be set for a later time (alarm-spreader.ts) */
  constructor(storage: DurableObjectStorage, maxLinks: string | undefined) {
    this.#storage = storage;
    this.#maxLinks = maxLinks;
  }

  get at(): number | null | undefined {
    return this.#at;
  }

  async load(): Promise<void> {
    const at = await this.#storage.getAlarm();
    // One may have been set meanwhile.
    if (this.#at === undefined) this.#at = at;
  }

  /** The alarm is on disk before anything that the object sends afterwards. */
  set(at: number): Promise<void> | null {
    const standing = this.#at ?? null;
    if (standing !== null && standing <= at) return null;
    const time = alarmTime(this.#maxLinks, at, standing);
    if (time === standing) return null;
    this.#at = time;
    return this.#set(time);
  }

  fired(): void {
    this.#at = null;
  }

  clear(): void {
    this.#at = null;
    void this.#storage.deleteAlarm();
  }

  async #set(at: number): Promise<void> {
    try {
      // An alarm that an alarm sets for the current millisecond can be lost.
      await this.#storage.setAlarm(Math.max(at, Date.now() + 1));
    } catch (error) {
      this.#at = undefined;
      throw new StorageError(error);
    }
  }
}
