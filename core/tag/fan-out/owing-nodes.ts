/**
 * The nodes of a tag that still owe a broadcast to some of their members. The root polls them from its alarm until all debts are paid.
 * Which nodes they are is stored with the broadcast's outcome.
 */
import { LIMITS } from "../../../schema/limits.ts";
import { SingleFlight } from "../../single-flight.ts";
import type { FanOutCounts } from "../calls/broadcast.ts";
import { noCounts } from "../outcome/counts.ts";
import { owingNodesIn, settleNode } from "../outcome/outcome.ts";
import { callNode, type NodeCallParts, type NodeProgress } from "./node-call.ts";
import { RetryTimes } from "./retry-times.ts";

export class OwingNodePolls {
  readonly #parts: NodeCallParts;
  /** Positions by path. */
  readonly #owing = new Map<string, Set<number>>();
  /** By path. */
  readonly #tries: RetryTimes<string>;
  readonly #asking = new SingleFlight();

  constructor(parts: NodeCallParts) {
    this.#parts = parts;
    this.#tries = new RetryTimes(parts.host);
    for (const { position } of parts.log.unsettled) {
      const outcome = parts.log.state(position)?.outcome;
      if (outcome !== undefined) this.#add(position, Object.keys(owingNodesIn(outcome)));
    }
  }

  get isBusy(): boolean {
    return this.#asking.isRunning;
  }

  /** Sets the alarm. */
  add(position: number, paths: readonly string[]): void {
    this.#add(position, paths);
    for (const path of paths) if (!this.#tries.has(path)) this.#tries.failed(path);
    this.#setAlarm();
  }

  /** Asks the nodes that are due. */
  alarm(): Promise<void> {
    return this.#asking.run(() => this.#ask());
  }

  #add(position: number, paths: readonly string[]): void {
    for (const path of paths) {
      const positions = this.#owing.get(path) ?? new Set();
      this.#owing.set(path, positions.add(position));
    }
  }

  async #ask(): Promise<void> {
    const { host } = this.#parts;
    const due = [...this.#owing.keys()].filter((path) => this.#tries.isDue(path));
    for (let at = 0; at < due.length; at += host.parallelNodes) {
      await Promise.all(due.slice(at, at + host.parallelNodes).map((path) => this.#askNode(path)));
    }
    this.#setAlarm();
  }

  async #askNode(path: string): Promise<void> {
    const { log, host } = this.#parts;
    const positions = this.#owing.get(path) ?? new Set<number>();
    for (const position of [...positions].sort((a, b) => a - b)) {
      const entry = log.entry(position);
      const isForgotten = position <= log.head - LIMITS.LOG_ENTRIES;
      if (entry === undefined || isForgotten) {
        this.#end(path, position);
        continue;
      }
      let last: NodeProgress | null = null;
      const options = { pace: () => null, settle: true, drive: false };
      const onProgress = (progress: NodeProgress) => {
        last = progress;
      };
      const isAnswered = await callNode(this.#parts, path, entry, options, onProgress);
      const counts = (last as NodeProgress | null)?.counts;
      if (isAnswered && counts !== undefined) this.#credit(path, position, counts);
      else if (entry.expiresAt <= host.now()) this.#end(path, position);
    }
    log.forgetData();
    if (positions.size > 0) this.#tries.failed(path);
  }

  #credit(path: string, position: number, counts: FanOutCounts): void {
    const { log, host } = this.#parts;
    const state = log.state(position);
    const outcome = state && settleNode(state.outcome, path, counts, host.now());
    if (state !== null && outcome !== null) log.recordOutcome(position, { ...state, outcome });
    if (counts.owed > 0) return;
    const positions = this.#owing.get(path);
    positions?.delete(position);
    if (positions?.size !== 0) return;
    this.#owing.delete(path);
    this.#tries.forget(path);
  }

  /** Ends a poll without news: members that were still owed it count as failed. */
  #end(path: string, position: number): void {
    const outcome = this.#parts.log.state(position)?.outcome;
    const counts = outcome === undefined ? undefined : owingNodesIn(outcome)[path];
    const ended = { ...noCounts(), ...counts };
    this.#credit(path, position, { ...ended, failed: ended.failed + ended.owed, owed: 0 });
  }

  #setAlarm(): void {
    const { host } = this.#parts;
    if (this.#owing.size === 0) return;
    const times = [...this.#owing.keys()].map((path) => this.#tries.at(path));
    host.setAlarm(Math.max(Math.min(...times), host.now() + 1));
  }
}
