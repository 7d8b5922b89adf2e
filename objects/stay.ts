/** How long an object stays in memory, on a host that asks it to leave: no longer than it is needed there. */
import type { Residence } from "./runtime.ts";

export class Stay {
  readonly #residence: Residence;
  #isIn = false;
  /** Calls that are not answered yet. */
  #calls = 0;
  /** By `Residence.sweeps`. */
  #usedAt = 0;

  constructor(residence: Residence) {
    this.#residence = residence;
  }

  /** Something is in memory from now on. */
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
   * Ends the stay, unless something is in progress.
   *
   * @param idleSince the stay goes on if the object was used later, by `Residence.sweeps`
   * @param isBusy whether there is work that only memory knows of
   * @param leave forgets what is in memory
   * @returns false if the stay goes on
   */
  end(idleSince: number, isBusy: () => boolean, leave: () => void): boolean {
    if (!this.#isIn) return true;
    if (this.#usedAt > idleSince || this.#calls > 0 || isBusy()) return false;
    this.#isIn = false;
    leave();
    return true;
  }
}
