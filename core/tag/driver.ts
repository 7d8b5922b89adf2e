/**
 * Drives a broadcast through a tree, from the node that it belongs to: calls the nodes below it, some levels of them by
 * itself and the ones at the end of its reach with their whole subtree, and adds up what they say. It keeps nothing: after a
 * kill it begins anew, and nodes that are done answer at once.
 */
import { LIMITS } from "../../schema/limits.ts";
import { addCounts, noCounts } from "./counts.ts";
import type { TagHost, TagPeer } from "./host.ts";
import type { Log } from "./log.ts";
import { nodeObjectName } from "./name.ts";
import type { FanOutAnswer, FanOutCounts, LogEntry } from "./types.ts";

const RETRY_MS = 1_000;

/** What is known of the nodes below. */
export interface SubtreeProgress {
  readonly counts: FanOutCounts;
  readonly nodes: number;
  readonly remaining: number;
}

export interface DriverParts {
  readonly host: TagHost;
  readonly log: Log;
  readonly app: string;
  readonly tagId: string;
  /** Of the driving node. */
  readonly path: string;
  readonly tag: string;
}

export class Driver {
  readonly position: number;
  /** Devices a second of all nodes below, as the driver above said last; null for as fast as it goes. */
  pace: number | null;
  readonly #parts: DriverParts;
  readonly #known = new Map<string, SubtreeProgress>();
  readonly #entry: LogEntry;
  /** Paths to be called, in the order in which they were found. */
  readonly #queue: string[] = [];
  readonly #found = new Set<string>();
  #calling = 0;
  /** Paths of nodes whose members have not all answered. */
  readonly #waiting = new Set<string>();
  #running: Promise<void> | null = null;
  #settling: Promise<void> | null = null;

  constructor(parts: DriverParts, entry: LogEntry) {
    this.#parts = parts;
    this.#entry = entry;
    this.position = entry.position;
    this.pace = entry.pace;
  }

  get progress(): SubtreeProgress {
    const counts = noCounts();
    let nodes = 0;
    let remaining = 0;
    for (const known of this.#known.values()) {
      addCounts(counts, known.counts);
      nodes += known.nodes;
      remaining += known.remaining;
    }
    return { counts, nodes, remaining };
  }

  /** Whether every node that was found has called its members, or was tried in vain. */
  get called(): boolean {
    return this.#queue.length === 0 && this.#calling === 0;
  }

  /** Whether they have answered, too. */
  get done(): boolean {
    return this.called && this.#waiting.size === 0;
  }

  /** Children that a node told. */
  add(parent: string, children: string): void {
    for (const digit of children) {
      const path = parent + digit;
      if (this.#found.has(path)) continue;
      this.#found.add(path);
      this.#queue.push(path);
    }
  }

  /**
   * Resolves when every node has called its members.
   *
   * @param before awaited before each call of a node: what is more urgent
   */
  call(before: () => Promise<void>): Promise<void> {
    this.#running ??= this.#callAll(before).finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  /** Resolves when everybody has answered, or was waited for long enough. */
  async settle(): Promise<void> {
    this.#settling ??= this.#settleAll().finally(() => {
      this.#settling = null;
    });
    return this.#settling;
  }

  async #settleAll(): Promise<void> {
    await Promise.all([...this.#waiting].map((path) => this.#serve(path, true, async () => {})));
  }

  async #callAll(before: () => Promise<void>): Promise<void> {
    const open = new Set<Promise<void>>();
    while (this.#queue.length > 0 || open.size > 0) {
      const path = open.size < this.#parts.host.parallelNodes ? this.#queue.shift() : undefined;
      if (path === undefined) {
        await Promise.race(open);
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
  async #serve(path: string, settle: boolean, before: () => Promise<void>): Promise<void> {
    const { host, app, tagId } = this.#parts;
    const node = host.node(nodeObjectName({ app, tagId, path }));
    const isLast = path.length - this.#parts.path.length >= LIMITS.DRIVE_LEVELS;
    let from = this.position;
    for (let tries = 0; tries < LIMITS.FAN_OUT_TRIES; ) {
      await before();
      const answer = await this.#slice(node, { from, settle, drive: isLast });
      if (answer === null) {
        await host.sleep(RETRY_MS * 2 ** tries++);
      } else if (answer.kind === "behind") {
        from = answer.head + 1;
      } else {
        const { counts, nodes, remaining, done, waiting } = answer;
        this.#known.set(path, { counts, nodes, remaining });
        if (!isLast) this.add(path, answer.children);
        if (done) this.#waiting.delete(path);
        else if (waiting) this.#waiting.add(path);
        if (done || (waiting && !settle)) return;
      }
    }
    // What is below it is not reached either; the next broadcast brings this one along.
    const known = this.#known.get(path);
    const counts = { ...(known?.counts ?? noCounts()) };
    counts.failed += known?.remaining ?? 0;
    this.#known.set(path, { counts, nodes: known?.nodes ?? 1, remaining: 0 });
    this.#waiting.delete(path);
  }

  /** Null where the call failed. */
  async #slice(
    node: TagPeer,
    { from, settle, drive }: { from: number; settle: boolean; drive: boolean },
  ): Promise<Exclude<FanOutAnswer, { ok: false }> | null> {
    const { host, log, tag } = this.#parts;
    const first = Math.max(from, this.position + 1 - LIMITS.LOG_ENTRIES);
    const entries = [...log.slice(first, this.position - 1), this.#entry];
    const gap = from < (entries[0]?.position ?? 0);
    try {
      const answer = await node.fanOut({
        tag,
        entries,
        gap,
        pace: this.#pace(),
        sliceMs: LIMITS.SLICE_MS,
        settle,
        drive,
      });
      if (!("ok" in answer)) return answer;
      host.trouble(answer.code);
    } catch (error) {
      host.trouble(error);
    }
    return null;
  }

  /** The pace of one of the nodes that are called together. */
  #pace(): number | null {
    if (this.pace === null) return null;
    const together = Math.min(this.#parts.host.parallelNodes, this.#calling + this.#queue.length);
    return this.pace / Math.max(together, 1);
  }
}
