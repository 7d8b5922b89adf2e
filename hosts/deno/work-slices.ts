/**
 * Does the long work of devices in slices, with single sends in between. One kind is joins and leaves of tags: each writes, and the
 * writes of a slice are one commit, which holds the only thread for as long as the disk takes: a device that joined 2,000 tags with a
 * commit each took all of its time. Another is the frames of a link that has used up its share (`net/frame-budget.ts`): a burst that
 * its limits allow held the thread for up to 400 ms. The third is requests that a client sends without waiting for answers, once it is
 * refused: they took all of the time that sends left. Devices and connections take turns, so that one waits for one turn of each other, not
 * for all of their work.
 */
import { pollSockets } from "./sockets.ts";

/** About 2 ms of work, at 150 µs each. */
const SLICE_COUNT = 12;
/** In joins: the frames of a turn, about 2 ms, and a refused request, about 0.3. */
export const WEIGHTS = { frames: SLICE_COUNT, refused: 2 } as const;
/** If more wait than this many slices take, slices grow, so that a crowd gets done. */
const SLICES = 64;
/** The largest slice: about 10 ms of work, and a commit. If that is not enough, the work waits longer, sends do not. */
const SLICE_MOST_COUNT = 64;
/** The pause after a slice, in times of the slice and its commit: a send finds the thread free in two cases of three. */
const REST_SHARE = 2;
const REST_MIN_MS = 4;
/** For a disk that takes forever to commit. */
const REST_MAX_MS = 40;
/** Pauses that may be owed, so that joining a few tags waits for none. */
const BURST_MS = 50;

export interface WorkSlicesOptions {
  /** Whether there are sends: otherwise nobody needs the pauses. */
  readonly isSending: () => boolean;
  /** Resolves when what was written is on disk. */
  readonly committed: () => Promise<void>;
  readonly rest: (ms: number) => Promise<void>;
}

interface Turn {
  readonly weight: number;
  readonly begin: () => void;
}

export class WorkSlices {
  readonly #options: WorkSlicesOptions;
  /** The one whose turn is next first; each device has as many as it may have calls under way, and each connection one. */
  readonly #waiting = new Map<unknown, Turn[]>();
  /** The weight of all of them. */
  #weight = 0;
  #isRunning = false;
  /** When the pauses for all slices are over. */
  #owedUntil = 0;

  constructor(options: WorkSlicesOptions) {
    this.#options = options;
  }

  /** Whether anybody waits. */
  get isBusy(): boolean {
    return this.#weight > 0;
  }

  /**
   * Resolves when it is its turn.
   *
   * @param who the device or connection: each has one turn before any has its next
   * @param weight its work, in joins
   */
  enter(who: unknown, weight = 1): Promise<void> {
    const entered = new Promise<void>((begin) => {
      const mine = this.#waiting.get(who);
      if (mine === undefined) this.#waiting.set(who, [{ weight, begin }]);
      else mine.push({ weight, begin });
    });
    this.#weight += weight;
    if (!this.#isRunning) void this.#run();
    return entered;
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    // All calls that a device makes at once belong to one slice.
    await null;
    const restMs = this.#owedUntil - performance.now() - BURST_MS;
    if (restMs > 0 && this.#options.isSending()) await this.#options.rest(restMs);
    while (this.isBusy) {
      const began = performance.now();
      this.#letIn(Math.max(SLICE_COUNT, Math.ceil(this.#weight / SLICES)));
      // Those of the slice work.
      await pollSockets();
      // Each writer learns of a failure from its own wait.
      await this.#options.committed().catch(() => {});
      // A commit holds the thread: a request that arrived meanwhile may be a send.
      await pollSockets();
      const now = performance.now();
      const ms = Math.min(Math.max(REST_SHARE * (now - began), REST_MIN_MS), REST_MAX_MS);
      // Kept even if nobody waits now: a device asks for the next when the last are answered.
      this.#owedUntil = Math.max(this.#owedUntil, now) + ms;
      const restMs = this.#owedUntil - now - BURST_MS;
      if (restMs > 0 && this.isBusy && this.#options.isSending()) await this.#options.rest(restMs);
    }
    this.#isRunning = false;
  }

  #letIn(weight: number): void {
    let left = Math.min(weight, SLICE_MOST_COUNT);
    // A device that goes behind all others is met again if there is room for more.
    for (const [who, turns] of this.#waiting) {
      if (left <= 0) return;
      this.#waiting.delete(who);
      const turn = turns.shift();
      if (turns.length > 0) this.#waiting.set(who, turns);
      if (turn === undefined) continue;
      left -= turn.weight;
      this.#weight -= turn.weight;
      turn.begin();
    }
  }
}
