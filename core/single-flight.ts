/** Something that is done once at a time: whoever asks for it while it is under way waits for the same. */
export class SingleFlight<Result = void> {
  #running: Promise<Result> | null = null;

  get isRunning(): boolean {
    return this.#running !== null;
  }

  /** Begins it, unless it is under way. */
  run(act: () => Promise<Result>): Promise<Result> {
    this.#running ??= act().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }
}
