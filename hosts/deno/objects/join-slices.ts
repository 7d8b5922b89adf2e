/**
 * Lets devices join and leave tags in slices, and single sends go between them. Each join writes, and what a slice writes is one
 * commit, which holds the one thread for as long as the disk takes: a device that joined 2,000 tags one commit after another took
 * all of its time.
 */
import { lookAtSockets } from "../sockets.ts";

/** As many as make 2 ms of work: about 150 µs each. */
const SLICE_COUNT = 12;
/** Where more wait than so many slices take, slices are larger: then nobody waits for longer than so many of them. */
const SLICES = 64;
/** The pause after a slice, in times of the slice and its commit: a send finds the thread free in two cases of three. */
const REST_SHARE = 2;
const REST_MIN_MS = 4;
/** Of a disk that takes for ever to commit. */
const REST_MAX_MS = 40;
/** Pauses that may be owed: who joins a few tags waits for none. */
const BURST_MS = 50;

export interface JoinSlicesOptions {
  /** Whether somebody sends: otherwise nobody needs the pauses. */
  readonly isSending: () => boolean;
  /** Resolves when what was written is on disk. */
  readonly committed: () => Promise<void>;
  readonly rest: (ms: number) => Promise<void>;
}

export class JoinSlices {
  readonly #options: JoinSlicesOptions;
  /** In the order in which they came. */
  #waiting: (() => void)[] = [];
  #isRunning = false;
  /** When the pauses for all slices are over. */
  #owedUntil = 0;

  constructor(options: JoinSlicesOptions) {
    this.#options = options;
  }

  /** Whether somebody waits. */
  get isBusy(): boolean {
    return this.#waiting.length > 0;
  }

  /** Resolves when it is the caller's turn to write. */
  enter(): Promise<void> {
    const turn = new Promise<void>((resolve) => this.#waiting.push(resolve));
    if (!this.#isRunning) void this.#run();
    return turn;
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    // All calls that a device makes in one go are of one slice.
    await null;
    const restMs = this.#owedUntil - performance.now() - BURST_MS;
    if (restMs > 0 && this.#options.isSending()) await this.#options.rest(restMs);
    while (this.isBusy) {
      const began = performance.now();
      const count = Math.max(SLICE_COUNT, Math.ceil(this.#waiting.length / SLICES));
      for (const enter of this.#waiting.splice(0, count)) enter();
      // Those who entered write.
      await lookAtSockets();
      // Who wrote is told by its own wait that it is not stored.
      await this.#options.committed().catch(() => {});
      // A commit holds the thread, and whoever came on a socket meanwhile may be about to send.
      await lookAtSockets();
      const now = performance.now();
      const ms = Math.min(Math.max(REST_SHARE * (now - began), REST_MIN_MS), REST_MAX_MS);
      // Kept also where nobody waits now: a device asks for the next when the last are answered.
      this.#owedUntil = Math.max(this.#owedUntil, now) + ms;
      const restMs = this.#owedUntil - now - BURST_MS;
      if (restMs > 0 && this.isBusy && this.#options.isSending()) await this.#options.rest(restMs);
    }
    this.#isRunning = false;
  }
}
