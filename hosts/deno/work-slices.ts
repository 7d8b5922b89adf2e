/**
 * Does long work in slices, with single sends in between. One kind is joins and leaves of tags: each writes, and the writes of a slice are one
 * commit, which holds the only thread for as long as the disk takes: a device that joined 2,000 tags with a commit each took all of its time.
 * A device that comes back attaches to the nodes of all its tags. The alarms of tags come together when many are left. Another is the frames of a link that has used up its share (`net/frame-budget.ts`): a
 * burst that its limits allow held the thread for up to 400 ms. The last is what strangers ask for without waiting for answers, once they are
 * refused: it took all of the time that sends left.
 *
 * A slice has work of one kind. The kinds have an order, so that what anybody can send from anywhere holds up no device; who is passed over
 * for long has a slice all the same. Within a kind, devices or networks take turns, so that one waits for one turn of each other, not for all
 * of their work.
 */
import { REST_SHARE } from "../../objects/capacity/sends.ts";
import { pollSockets } from "./sockets.ts";
import { WorkQueue } from "./work-queue.ts";

/**
 * The first is served first.
 *
 * - `attaches`: of devices that are in many tags, by device: they write little
 * - `joins`: of devices that have a registration, by device
 * - `alarms`: of the nodes of tags, by node
 * - `frames`: of the links of devices that have a registration, by device
 * - `strangers`: frames of other links, and requests after a refused one, by network
 */
const KINDS = ["attaches", "joins", "alarms", "frames", "strangers"] as const;
export type WorkKind = (typeof KINDS)[number];

/** About 2 ms of work, at 150 µs each. */
const SLICE_COUNT = 12;
/** In joins: the frames of a turn, about 2 ms, and a refused request, about 0.3. */
export const WEIGHTS = { frames: SLICE_COUNT, refused: 2 } as const;
/** If more wait than this many slices take, slices grow, so that a crowd gets done. */
const SLICES = 64;
/** The largest slice: about 10 ms of work, and a commit. If that is not enough, the work waits longer, sends do not. */
const SLICE_MOST_COUNT = 64;
const REST_MIN_MS = 4;
/** For a disk that takes forever to commit. */
const REST_MAX_MS = 40;
/** Slices of others after which a kind that waits has one: it gets an eighth of the time, or less. */
const PASSED_COUNT = 8;
/** Pauses that may be owed, so that joining a few tags waits for none. */
const BURST_MS = 50;

export interface WorkSlicesOptions {
  /** Whether there are sends: otherwise nobody needs the pauses. */
  readonly isSending: () => boolean;
  /** Resolves when what was written is on disk. */
  readonly committed: () => Promise<void>;
  readonly rest: (ms: number) => Promise<void>;
}

export class WorkSlices {
  readonly #options: WorkSlicesOptions;
  readonly #queues = KINDS.map(() => new WorkQueue());
  #isRunning = false;
  /** Ends the pause before a slice of a kind, because one before it has work. */
  #wake: { readonly before: number; readonly up: () => void } | null = null;

  constructor(options: WorkSlicesOptions) {
    this.#options = options;
  }

  /** Whether anybody waits. */
  get isBusy(): boolean {
    return this.#first !== -1;
  }

  /**
   * Resolves when it is its turn.
   *
   * @param who see `WorkKind`: each has one turn before any has its next
   * @param weight its work, in joins
   */
  enter(kind: WorkKind, who: string, weight = 1): Promise<void> {
    const at = KINDS.indexOf(kind);
    const entered = this.#queues[at]?.enter(who, weight);
    if (!this.#isRunning) void this.#run();
    else if (this.#wake !== null && at < this.#wake.before) this.#wake.up();
    return entered ?? Promise.resolve();
  }

  /** The kind that is served next unless another was passed over for too long; -1 if nobody waits. */
  get #first(): number {
    return this.#queues.findIndex((queue) => queue.weight > 0);
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    // All calls that a device makes at once belong to one slice.
    await null;
    for (let first = this.#first; first !== -1; first = this.#first) {
      if (await this.#rest(first)) await this.#slice(first);
    }
    this.#isRunning = false;
  }

  /** @returns false if a kind before this one has work by now */
  async #rest(first: number): Promise<boolean> {
    const restMs = (this.#queues[first]?.owedMs(performance.now()) ?? 0) - BURST_MS;
    if (restMs <= 0 || !this.#options.isSending()) return true;
    const woken = new Promise<boolean>((resolve) => {
      this.#wake = { before: first, up: () => resolve(false) };
    });
    const isOver = await Promise.race([this.#options.rest(restMs).then(() => true), woken]);
    this.#wake = null;
    return isOver;
  }

  async #slice(first: number): Promise<void> {
    const began = performance.now();
    const kind = this.#letIn(first);
    // Those of the slice work.
    await pollSockets();
    // Each writer learns of a failure from its own wait.
    await this.#options.committed().catch(() => {});
    // A commit holds the thread: a request that arrived meanwhile may be a send.
    await pollSockets();
    const now = performance.now();
    const ms = Math.min(Math.max(REST_SHARE * (now - began), REST_MIN_MS), REST_MAX_MS);
    // Kept even if nobody waits now: a device asks for the next when the last are answered. Kinds before this one owe nothing for it.
    for (const queue of this.#queues.slice(kind)) queue.owe(ms, now, BURST_MS + REST_MAX_MS);
  }

  /** Begins the turns of a slice. @returns of which kind */
  #letIn(first: number): number {
    const passed = this.#queues.findIndex(
      ({ weight, passedCount }) => weight > 0 && passedCount >= PASSED_COUNT,
    );
    const kind = passed === -1 ? first : passed;
    for (const queue of this.#queues.slice(kind + 1)) if (queue.weight > 0) queue.passedCount++;
    const queue = this.#queues[kind];
    // One that goes before its time takes no more than it must.
    const grown = passed === -1 ? Math.ceil((queue?.weight ?? 0) / SLICES) : 0;
    queue?.letIn(Math.min(Math.max(SLICE_COUNT, grown), SLICE_MOST_COUNT));
    return kind;
  }
}
