/** Time for others: what objects that work for long wait with, all of them by the same few timers. */
import { pollSockets } from "../sockets.ts";

/** How long work goes on between turns, each of which takes 20 µs and more: 8 % of a broadcast at every 16th device. */
const WORK_MS = 2;
const GO_ON = Promise.resolve();

export class Turns {
  #turn: Promise<void> | null = null;
  /** When the last turn was over. */
  #turnedAt = 0;
  /** When the last of those who rest goes on. */
  #restedAt = 0;
  #stopped = false;

  /**
   * Resolves when sockets, timers and requests had their turn, or at once where they had it just now. Never again once it
   * was stopped.
   */
  yield(): Promise<void> {
    if (this.#turn === null) {
      if (performance.now() - this.#turnedAt < WORK_MS && !this.#stopped) return GO_ON;
      this.#turn = this.#take();
    }
    return this.#turn;
  }

  /**
   * Resolves after some time that nobody else who rests has: however many fan-outs there are, one of them goes on at a time.
   */
  rest(ms: number): Promise<void> {
    const now = performance.now();
    this.#restedAt = Math.max(this.#restedAt, now) + ms;
    return this.sleep(this.#restedAt - now);
  }

  /** Resolves after some time; never once it was stopped. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      if (this.#stopped) return;
      setTimeout(() => {
        if (!this.#stopped) resolve();
      }, ms);
    });
  }

  /** Whoever waits here, now or later, waits for ever: the process is about to end, and begins there at its next start. */
  stop(): void {
    this.#stopped = true;
  }

  async #take(): Promise<void> {
    await pollSockets();
    if (this.#stopped) await new Promise(() => {});
    this.#turn = null;
    this.#turnedAt = performance.now();
  }
}
