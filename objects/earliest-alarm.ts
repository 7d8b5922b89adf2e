/** The one alarm of an object, for the earliest of the times it is set to: never moved later, which would cost a row. */

export class EarliestAlarm {
  readonly #storage: DurableObjectStorage;
  readonly #onFailure: (error: unknown) => void;
  /** When it is set for; null for not at all. */
  #at: number | null = null;
  /** Of the last that was set. */
  #setting: Promise<void> = Promise.resolve();

  /** @param onFailure told that one could not be set */
  constructor(storage: DurableObjectStorage, onFailure: (error: unknown) => void) {
    this.#storage = storage;
    this.#onFailure = onFailure;
  }

  /** Reads which one stands: before anything else is done with it. */
  async load(): Promise<void> {
    this.#at = await this.#storage.getAlarm();
  }

  /** One row, where none stands that is early enough. On disk before anything that the object says after it. */
  set(at: number): void {
    if (this.#at !== null && this.#at <= at) return;
    this.#at = at;
    // One that is set in an alarm for that very millisecond can be lost with it.
    this.#setting = this.#storage.setAlarm(Math.max(at, Date.now() + 1));
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
