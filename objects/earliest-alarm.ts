/** The one alarm of an object, for the earliest of the times it is set to: never moved later, which would cost a row. */
import { alarmTime } from "./alarm-room.ts";

export class EarliestAlarm {
  readonly #storage: DurableObjectStorage;
  readonly #maxLinks: string | undefined;
  readonly #onFailure: (error: unknown) => void;
  /** When it is set for; null for not at all. */
  #at: number | null = null;
  /** Of the last that was set. */
  #setting: Promise<void> = Promise.resolve();

  /**
   * @param maxLinks the setting MAX_LINKS: where there is one, an alarm may come later, for want of room
   * @param onFailure told that one could not be set
   */
  constructor(
    storage: DurableObjectStorage,
    maxLinks: string | undefined,
    onFailure: (error: unknown) => void,
  ) {
    this.#storage = storage;
    this.#maxLinks = maxLinks;
    this.#onFailure = onFailure;
  }

  /** Reads which one stands: before anything else is done with it. */
  async load(): Promise<void> {
    this.#at = await this.#storage.getAlarm();
  }

  /** One row, where none stands that is early enough. On disk before anything that the object says after it. */
  set(at: number): void {
    if (this.#at !== null && this.#at <= at) return;
    const time = alarmTime(this.#maxLinks, at, this.#at);
    if (time === this.#at) return;
    this.#at = time;
    // One that is set in an alarm for that very millisecond can be lost with it.
    this.#setting = this.#storage.setAlarm(Math.max(time, Date.now() + 1));
    this.#setting.catch((error: unknown) => {
      this.#at = null;
      this.#onFailure(error);
    });
  }

  /**
   * Resolves when the one that was set last stands.
   *
   * @throws what the platform says where it could not be set
   */
  get stands(): Promise<void> {
    return this.#setting;
  }

  /** None is set any more. */
  clear(): void {
    this.#at = null;
    void this.#storage.deleteAlarm();
  }

  /** Whether one is set, and its time has come. */
  get isDue(): boolean {
    return this.#at !== null && this.#at <= Date.now();
  }

  /** It has come. */
  fired(): void {
    this.#at = null;
  }
}
