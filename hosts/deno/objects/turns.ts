/** Lets long tasks yield to other work. All tasks share a few timers. */
import { pollSockets } from "../sockets.ts";

/** How long work continues between turns. A turn takes 20 µs and more: 8 % of a broadcast if taken at every 16th device. */
const WORK_MS = 2;
const GO_ON = Promise.resolve();

export class Turns {
  #turn: Promise<void> | null = null;
  /** When the last turn was over. */
  #turnedAt = 0;
  /** When the last rest ends. */
  #restedAt = 0;
  #stopped = false;

  /**
   * Resolves when sockets, timers and requests had their turn; at once if they just had it. Never resolves after
   * `stop`.
   */
  yield(): Promise<void> {
    if (this.#turn === null) {
      if (performance.now() - this.#turnedAt < WORK_MS && !this.#stopped) return GO_ON;
      this.#turn = this.#take();
    }
    return this.#turn;
  }

  /** Resolves after `ms` that no other rest shares: however many fan-outs there are, one of them continues at a time. */
  rest(ms: number): Promise<void> {
    const now = performance.now();
    this.#restedAt = Math.max(this.#restedAt, now) + ms;
    return this.sleep(this.#restedAt - now);
  }

  /** Resolves after `ms`; never after `stop`. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      if (this.#stopped) return;
      setTimeout(() => {
        if (!this.#stopped) resolve();
      }, ms);
    });
  }

  /** Waits here never resolve from now on: the process is about to end. The next start resumes the work. */
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
