/**
 * Broadcasts that the root of a tag owes to nodes it could not reach. A debt lasts until the broadcast expires, and is paid in order
 * as soon as the node answers. Debts are stored, so they survive sleep and kills of the root.
 */
import { LIMITS } from "../../../schema/limits.ts";
import { SingleFlight } from "../../single-flight.ts";
import type { NodeDebt, NodeRecord } from "../store.ts";
import { callNode, type NodeCallParts, type NodeProgress } from "./node-call.ts";
import { RetryTimes } from "./retry-times.ts";

interface NodeDebtsParts extends NodeCallParts {
  readonly record: () => NodeRecord;
  /** Writes the node's record: one row. */
  readonly change: (change: Partial<NodeRecord>) => void;
}

/** Called when a debt ends: with the counts of the node's subtree, or null if the broadcast expired or left the log. */
type OnPaid = (position: number, progress: NodeProgress | null) => void;

export class NodeDebts {
  readonly #parts: NodeDebtsParts;
  readonly #onPaid: OnPaid;
  /** By path. */
  readonly #tries: RetryTimes<string>;
  readonly #paying = new SingleFlight();

  constructor(parts: NodeDebtsParts, onPaid: OnPaid) {
    this.#parts = parts;
    this.#onPaid = onPaid;
    this.#tries = new RetryTimes(parts.host);
  }

  /** Whether debts are being paid. */
  get isBusy(): boolean {
    return this.#paying.isRunning;
  }

  /** Nodes that are owed this broadcast. */
  owed(position: number): number {
    return this.#all.filter((debt) => debt.position === position).length;
  }

  owes(path: string): boolean {
    return this.#all.some((debt) => debt.path === path);
  }

  /** Writes one row, and sets the alarm. */
  add(position: number, paths: readonly string[]): void {
    const { host } = this.#parts;
    const isNew = (path: string) =>
      !this.#all.some((debt) => debt.path === path && debt.position === position);
    const fresh = paths.filter(isNew);
    if (fresh.length === 0) return;
    this.#write([...this.#all, ...fresh.map((path) => ({ path, position }))]);
    for (const path of fresh) {
      if (!this.#tries.has(path)) this.#tries.failed(path);
    }
    host.setAlarm(this.#nextAt());
    const excess = this.#all.slice(0, -LIMITS.NODE_DEBTS);
    for (const debt of excess) this.#end(debt, null);
  }

  /** Calls the nodes that are due, and drops expired debts. */
  alarm(): Promise<void> {
    return this.#paying.run(() => this.#pay());
  }

  get #all(): readonly NodeDebt[] {
    return this.#parts.record().debts ?? [];
  }

  async #pay(): Promise<void> {
    const { host } = this.#parts;
    this.#expire();
    const due = [...new Set(this.#all.map(({ path }) => path))].filter((path) =>
      this.#tries.isDue(path),
    );
    for (let at = 0; at < due.length; at += host.parallelNodes) {
      const some = due.slice(at, at + host.parallelNodes);
      await Promise.all(some.map((path) => this.#payNode(path)));
    }
    if (this.#all.length > 0) host.setAlarm(this.#nextAt());
  }

  /** Oldest first, until one fails. */
  async #payNode(path: string): Promise<void> {
    for (;;) {
      const [debt] = this.#all
        .filter((each) => each.path === path)
        .sort((a, b) => a.position - b.position);
      if (debt === undefined) break;
      const entry = this.#parts.log.entry(debt.position);
      if (entry === undefined) {
        this.#end(debt, null);
        continue;
      }
      // Its whole subtree is owed, whatever was counted before.
      const options = { pace: () => entry.pace, settle: true, drive: true };
      let last: NodeProgress | null = null;
      const isServed = await callNode(this.#parts, path, entry, options, (progress) => {
        last = progress;
      });
      if (!isServed) {
        this.#tries.failed(path);
        return;
      }
      this.#end(debt, last);
    }
    this.#tries.forget(path);
  }

  #end(debt: NodeDebt, progress: NodeProgress | null): void {
    if (progress?.owed !== undefined) this.add(debt.position, progress.owed);
    this.#write(
      this.#all.filter(({ path, position }) => path !== debt.path || position !== debt.position),
    );
    this.#onPaid(debt.position, progress);
  }

  #expire(): void {
    const { host, log } = this.#parts;
    const now = host.now();
    for (const debt of this.#all) {
      const header = log.header(debt.position);
      const isOld = debt.position <= log.head - LIMITS.LOG_ENTRIES;
      if (header === undefined || isOld || header.expiresAt <= now) this.#end(debt, null);
    }
  }

  /** The earliest retry or expiry. */
  #nextAt(): number {
    const { host, log } = this.#parts;
    const times = this.#all.flatMap(({ path, position }) => [
      this.#tries.at(path),
      log.header(position)?.expiresAt ?? 0,
    ]);
    return Math.max(Math.min(...times), host.now() + 1);
  }

  #write(debts: readonly NodeDebt[]): void {
    this.#parts.change({ debts });
  }
}
