/**
 * Drives a broadcast through the tree below one node, the driver. It calls a few levels itself, asks the nodes at the last of
 * these levels to drive their own subtrees, and adds up their counts. It stores nothing: after a kill it starts over, and nodes that
 * are done answer at once. A node that cannot be reached is retried beside the others, and then becomes a debt (see node-debts.ts).
 */
import { LIMITS } from "../../../schema/limits.ts";
import { backoffMs } from "../../backoff.ts";
import { SingleFlight } from "../../single-flight.ts";
import type { FanOutCounts, LogEntry } from "../calls/broadcast.ts";
import type { OwingNodes } from "../calls/fan-out.ts";
import { addCounts, noCounts } from "../outcome/counts.ts";
import { callNode, type NodeCallOptions, type NodeCallParts } from "./node-call.ts";

/** Sums over the nodes below. */
export interface SubtreeProgress {
  readonly counts: FanOutCounts;
  readonly nodes: number;
  readonly remaining: number;
}

export interface TreeFanOutParts extends NodeCallParts {
  /** Path of the driver. */
  readonly path: string;
  /** Whether a node has a debt already. It is not called then: a later broadcast must not overtake an owed one. */
  readonly owes: (path: string) => boolean;
}

export class TreeFanOut {
  readonly position: number;
  /** Devices a second for all nodes below, as the node above said last; null for no limit. */
  pace: number | null;
  /** Whether the driver serves its own members at the same time, at its share of the pace. */
  servesOwn = false;
  readonly #parts: TreeFanOutParts;
  readonly #known = new Map<string, SubtreeProgress & { readonly owing: OwingNodes }>();
  readonly #entry: LogEntry;
  /** Paths to call, in the order they were found. */
  readonly #queue: string[] = [];
  readonly #found = new Set<string>();
  #calling = 0;
  /** Paths of nodes with members that have not answered. */
  readonly #waiting = new Set<string>();
  /** Paths of nodes to retry. */
  readonly #failing = new Set<string>();
  /** Paths of nodes that were given up. */
  readonly #owed = new Set<string>();
  readonly #running = new SingleFlight();
  readonly #settling = new SingleFlight();

  constructor(parts: TreeFanOutParts, entry: LogEntry) {
    this.#parts = parts;
    this.#entry = entry;
    this.position = entry.position;
    this.pace = entry.pace;
  }

  /** Excludes subtrees that are owed it: those are counted when the debt is paid. */
  get progress(): SubtreeProgress {
    const counts = noCounts();
    let nodes = 0;
    let remaining = 0;
    for (const [path, known] of this.#known) {
      if (this.#isOwed(path)) continue;
      addCounts(counts, known.counts);
      nodes += known.nodes;
      remaining += known.remaining;
    }
    return { counts, nodes, remaining };
  }

  /** Paths of nodes that it could not reach; each stands for its whole subtree. */
  get owed(): readonly string[] {
    return [...this.#owed].filter((path) => !this.#isOwed(path.slice(0, -1)));
  }

  /** Nodes that owe it to some of their members. */
  get owing(): OwingNodes {
    const known = [...this.#known].filter(([path]) => !this.#isOwed(path));
    return Object.assign({}, ...known.map(([, { owing }]) => owing));
  }

  /** Whether every known node has called its members, or could not be called. */
  get called(): boolean {
    return this.#queue.length === 0 && this.#calling === 0;
  }

  /** Whether all of them have also answered, or were given up. */
  get done(): boolean {
    return this.called && this.#waiting.size === 0 && this.#failing.size === 0;
  }

  /** Adds children that a node reported. */
  add(parent: string, children: string): void {
    for (const digit of children) {
      const path = parent + digit;
      if (this.#found.has(path)) continue;
      this.#found.add(path);
      this.#queue.push(path);
    }
  }

  /**
   * Resolves when every node has called its members, or failed once.
   *
   * @param before see `NodeCallOptions`
   */
  call(before?: NodeCallOptions["before"]): Promise<void> {
    return this.#running.run(() => this.#callAll(before));
  }

  /** Resolves when all have answered, or were given up. */
  async settle(): Promise<void> {
    return this.#settling.run(() => this.#settleAll());
  }

  /** The pace for each of the nodes that are served in parallel. */
  get share(): number | null {
    if (this.pace === null) return null;
    const below = Math.min(this.#parts.host.parallelNodes, this.#calling + this.#queue.length);
    return this.pace / Math.max(below + Number(this.servesOwn), 1);
  }

  async #settleAll(): Promise<void> {
    // A node that answers late may report new children.
    for (; !this.done; await this.call()) {
      const late = [...this.#waiting, ...this.#failing];
      await Promise.all(late.map((path) => this.#finish(path)));
    }
  }

  async #callAll(before: NodeCallOptions["before"]): Promise<void> {
    const open = new Set<Promise<void>>();
    while (this.#queue.length > 0 || open.size > 0) {
      const path = open.size < this.#parts.host.parallelNodes ? this.#queue.shift() : undefined;
      if (path === undefined) {
        await Promise.race(open);
        continue;
      }
      if (this.#parts.owes(path)) {
        this.#owed.add(path);
        continue;
      }
      this.#calling++;
      const call: Promise<void> = this.#serve(path, false, before).finally(() => {
        this.#calling--;
        open.delete(call);
      });
      open.add(call);
    }
  }

  /** Brings one node up to the entry: until all are called, or with `settle` until all have answered. */
  async #serve(path: string, settle: boolean, before?: NodeCallOptions["before"]): Promise<void> {
    const isLast = path.length - this.#parts.path.length >= LIMITS.DRIVE_LEVELS;
    const options = { pace: () => this.share, settle, drive: isLast, before };
    const isServed = await callNode(this.#parts, path, this.#entry, options, (progress) => {
      const { counts, nodes, remaining, done, waiting, children } = progress;
      const { owed = [], owing = {} } = progress;
      this.#known.set(path, { counts, nodes, remaining, owing });
      if (!isLast) this.add(path, children);
      if (done) this.#waiting.delete(path);
      else if (waiting) this.#waiting.add(path);
      if (done) for (const below of owed) this.#owed.add(below);
    });
    if (isServed) {
      this.#failing.delete(path);
      return;
    }
    this.#waiting.delete(path);
    this.#failing.add(path);
  }

  /** Waits for the answers of one node, and retries it if it cannot be called. */
  async #finish(path: string): Promise<void> {
    const { host } = this.#parts;
    for (let failures = Number(this.#failing.has(path)); ; failures++) {
      if (failures > 0) await host.sleep(backoffMs(failures, host.random()));
      await this.#serve(path, true);
      if (!this.#failing.has(path)) return;
      if (failures + 1 >= LIMITS.NODE_TRIES) break;
    }
    this.#failing.delete(path);
    this.#owed.add(path);
  }

  /** Whether the node or one above it is owed the broadcast. */
  #isOwed(path: string): boolean {
    for (let end = path.length; end > this.#parts.path.length; end--) {
      if (this.#owed.has(path.slice(0, end))) return true;
    }
    return false;
  }
}
