/** Requests that came while others of their connection were served: one of one connection is served in each turn of the loop. */
import { lookAtSockets } from "../sockets.ts";

export class Pipeline {
  /** Connections, each once, in the order in which they began to wait. */
  readonly #waiting = new Set<() => void>();
  readonly #yield: () => Promise<void>;
  #isRunning = false;

  /** @param yieldTurn resolves when everybody else had a turn */
  constructor(yieldTurn = lookAtSockets) {
    this.#yield = yieldTurn;
  }

  /** @param takeTurn called in a turn of its own; it must not throw */
  add(takeTurn: () => void): void {
    this.#waiting.add(takeTurn);
    if (!this.#isRunning) void this.#run();
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    for (;;) {
      await this.#yield();
      const [takeTurn] = this.#waiting;
      if (takeTurn === undefined) break;
      this.#waiting.delete(takeTurn);
      takeTurn();
    }
    this.#isRunning = false;
  }
}
