/** How long an object stays in memory: no longer than it is needed there, on a host that asks it to leave. */
import type { Residence } from "./runtime.ts";

export class Stay {
  readonly #residence: Residence;
  #isIn = false;
  /** Calls that are not answered. */
  #calls = 0;
  /** By `Residence.sweeps`. */
  #usedAt = 0;

  constructor(residence: Residence) {
    this.#residence = residence;
  }

  /** There is something in memory from now on. */
  begin(): void {
    if (this.#isIn) return;
    this.#isIn = true;
    this.#usedAt = this.#residence.sweeps;
    this.#residence.woke();
  }

  /** Stays at least until a call is answered. */
  async during<Answer>(call: () => Promise<Answer>): Promise<Answer> {
    this.begin();
    this.#calls++;
    try {
      return await call();
    } finally {
      this.#calls--;
      this.#usedAt = this.#residence.sweeps;
    }
  }

  /**
   * Ends it, if nothing is under way.
   *
   * @param idleSince not where it was used after that, by `Residence.sweeps`
   * @param isBusy whether there is something to do that only memory knows
   * @param leave forgets what is in memory
   * @returns false where it goes on
   */
  end(idleSince: number, isBusy: () => boolean, leave: () => void): boolean {
    if (!this.#isIn) return true;
    if (this.#usedAt > idleSince || this.#calls > 0 || isBusy()) return false;
    this.#isIn = false;
    leave();
    return true;
  }
}
