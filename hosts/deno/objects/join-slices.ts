/**
 * Lets devices join and leave tags in slices, with single sends in between. Each join writes, and the writes of a slice are one
 * commit, which holds the only thread for as long as the disk takes: a device that joined 2,000 tags with a commit each took all
 * of its time. Devices take turns, so that a device waits for one join of each other device, not for all of them.
 */
import { pollSockets } from "../sockets.ts";

/** About 2 ms of work, at 150 µs each. */
const SLICE_COUNT = 12;
/** If more wait than this many slices take, slices grow, so that a crowd gets done. */
const SLICES = 64;
/** The largest slice: about 10 ms of work, and a commit. If that is not enough, joins wait longer, sends do not. */
const SLICE_MOST_COUNT = 64;
/** The pause after a slice, in times of the slice and its commit: a send finds the thread free in two cases of three. */
const REST_SHARE = 2;
const REST_MIN_MS = 4;
/** For a disk that takes forever to commit. */
const REST_MAX_MS = 40;
/** Pauses that may be owed, so that joining a few tags waits for none. */
const BURST_MS = 50;

export interface JoinSlicesOptions {
  /** Whether there are sends: otherwise nobody needs the pauses. */
  readonly isSending: () => boolean;
  /** Resolves when what was written is on disk. */
  readonly committed: () => Promise<void>;
  readonly rest: (ms: number) => Promise<void>;
}

export class JoinSlices {
  readonly #options: JoinSlicesOptions;
  /** By device, the one whose turn is next first; each has as many as it may have calls under way. */
  readonly #waiting = new Map<string, (() => void)[]>();
  #count = 0;
  #isRunning = false;
  /** When the pauses for all slices are over. */
  #owedUntil = 0;

  constructor(options: JoinSlicesOptions) {
    this.#options = options;
  }

  /** Whether a join waits. */
  get isBusy(): boolean {
    return this.#count > 0;
  }

  /** Resolves when it is the device's turn to write. */
  enter(device: string): Promise<void> {
    const turn = new Promise<void>((resolve) => {
      const mine = this.#waiting.get(device);
      if (mine === undefined) this.#waiting.set(device, [resolve]);
      else mine.push(resolve);
    });
    this.#count++;
    if (!this.#isRunning) void this.#run();
    return turn;
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    // All calls that a device makes at once belong to one slice.
    await null;
    const restMs = this.#owedUntil - performance.now() - BURST_MS;
    if (restMs > 0 && this.#options.isSending()) await this.#options.rest(restMs);
    while (this.isBusy) {
      const began = performance.now();
      this.#letIn(Math.max(SLICE_COUNT, Math.ceil(this.#count / SLICES)));
      // The devices of the slice write.
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

  #letIn(count: number): void {
    let left = Math.min(count, SLICE_MOST_COUNT);
    // A device that goes behind all others is met again if there is room for more.
    for (const [device, turns] of this.#waiting) {
      if (left-- === 0) return;
      this.#count--;
      this.#waiting.delete(device);
      turns.shift()?.();
      if (turns.length > 0) this.#waiting.set(device, turns);
    }
  }
}
