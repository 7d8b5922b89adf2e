/** Serves pipelined requests: in each turn of the event loop one request, of the connection that has waited longest. */
import { pollSockets } from "../sockets.ts";

export class Pipeline {
  /** One task per waiting connection, in order. */
  readonly #waiting = new Set<() => void>();
  readonly #yield: () => Promise<void>;
  #isRunning = false;

  /** @param yieldTurn resolves after everything else had a turn */
  constructor(yieldTurn = pollSockets) {
    this.#yield = yieldTurn;
  }

  /** Adds a task, unless it waits already. @param takeTurn called in a turn of its own; must not throw */
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
