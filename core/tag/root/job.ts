/** Serves one broadcast to the whole tag: the root's own members, and those of the nodes below. */
import { LIMITS } from "../../../schema/limits.ts";
import { SingleFlight } from "../../single-flight.ts";
import type { LogEntry } from "../calls/broadcast.ts";
import type { OwingNodes } from "../calls/fan-out.ts";
import type { NodeFanOut, Served } from "../fan-out/node-fan-out.ts";
import { TreeFanOut, type TreeFanOutParts } from "../fan-out/tree-fan-out.ts";
import { addCounts, type Counting, noCounts } from "../outcome/counts.ts";

interface JobParts extends Omit<TreeFanOutParts, "path"> {
  readonly fanOut: NodeFanOut;
  readonly children: () => string;
}

/** Sums over all nodes. */
interface JobProgress {
  readonly counts: Counting;
  readonly nodes: number;
  readonly remaining: number;
}

export class Job {
  readonly entry: LogEntry;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly #parts: JobParts;
  readonly #treeFanOut: TreeFanOut;
  #own: Served = { counts: noCounts(), remaining: 0, done: false, waiting: false };

  constructor(parts: JobParts, entry: LogEntry) {
    this.#parts = parts;
    this.entry = entry;
    this.startedAt = parts.host.now();
    this.#treeFanOut = new TreeFanOut({ ...parts, path: "" }, entry);
  }

  get progress(): JobProgress {
    const below = this.#treeFanOut.progress;
    const counts = noCounts();
    addCounts(counts, this.#own.counts);
    addCounts(counts, below.counts);
    const remaining = this.#own.remaining + below.remaining;
    return { counts, nodes: 1 + below.nodes, remaining };
  }

  /** Paths of nodes that could not be reached; each stands for its whole subtree. */
  get owedNodes(): readonly string[] {
    return this.#treeFanOut.owed;
  }

  /** Nodes below that owe it to some of their members. */
  get owingNodes(): OwingNodes {
    return this.#treeFanOut.owing;
  }

  /** Places of the root's own members that could not be called yet. */
  get owing(): readonly number[] {
    return this.#own.owing ?? [];
  }

  /**
   * Resolves when all members were called. Their answers are waited for in `settle`, while the next broadcast is called.
   *
   * @param beforeSlice serves more urgent broadcasts; must not reject
   */
  async call(beforeSlice: () => Promise<void>): Promise<void> {
    const { fanOut, children } = this.#parts;
    const tree = this.#treeFanOut;
    // The root's members and the nodes below wait for the same run.
    const urgent = new SingleFlight();
    const before = () => urgent.run(beforeSlice);
    tree.servesOwn = true;
    tree.add("", children());
    const below = tree.call(before);
    const serveOwn = async () => {
      while (!this.#own.done && !this.#own.waiting) {
        await before();
        const { position } = this.entry;
        this.#own = await fanOut.serve(position, () => tree.share, LIMITS.SLICE_MS, false);
      }
      tree.servesOwn = false;
    };
    await Promise.all([serveOwn(), below]);
  }

  /** Resolves when all have answered, or were given up. */
  async settle(): Promise<void> {
    const { position, pace } = this.entry;
    const settleOwn = async () => {
      while (!this.#own.done) {
        this.#own = await this.#parts.fanOut.serve(position, () => pace, LIMITS.SLICE_MS, true);
      }
    };
    await Promise.all([this.#treeFanOut.settle(), settleOwn()]);
  }
}
