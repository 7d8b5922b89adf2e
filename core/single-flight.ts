/** Runs an action once at a time: a caller during a run waits for that run. */
export class SingleFlight<Result = void> {
  #running: Promise<Result> | null = null;

  get isRunning(): boolean {
    return this.#running !== null;
  }

  /** Starts `act`, unless a run is in progress. @returns the result of the run */
  run(act: () => Promise<Result>): Promise<Result> {
    this.#running ??= act().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }
}
