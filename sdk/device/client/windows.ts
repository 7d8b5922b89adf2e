/**
 * The duplicate windows of one registration, one per lane: many messages in one lane evict no key of another. The mesh sends an
 * unacknowledged message again before the messages behind it in its lane, but after all more urgent ones.
 */
import type { BatchedStorage } from "../storage/batched.ts";
import type { Incoming } from "./message.ts";
import { DuplicateWindow } from "./window.ts";

export class DuplicateWindows {
  /** 0 for broadcasts, otherwise by priority. */
  readonly #lanes: readonly DuplicateWindow[];

  /** @param prefix Prefix of the storage keys. Normal messages use it alone: before, all lanes had one window. */
  constructor(storage: BatchedStorage, prefix: string) {
    this.#lanes = ["b/", "1/", "", "3/"].map((lane) => new DuplicateWindow(storage, prefix + lane));
  }

  /** Reads the stored state; call it first. Rejects with the error of the storage. */
  async load(): Promise<void> {
    await Promise.all(this.#lanes.map((lane) => lane.load()));
  }

  /** The highest seq of all messages in them; 0 for none. */
  get lastSeq(): number {
    return Math.max(...this.#lanes.map(({ lastSeq }) => lastSeq));
  }

  /** See `DuplicateWindow.has`. Checks all lanes: a sender may repeat a message in another one. */
  has(message: Incoming): boolean {
    return this.#lanes.some((lane) => lane.has(message));
  }

  /** See `DuplicateWindow.hasKey`. */
  hasKey(key: string): boolean {
    return this.#lanes.some((lane) => lane.hasKey(key));
  }

  /** See `DuplicateWindow.add`. */
  add(message: Incoming): void {
    if ("tag" in message) this.#lanes[0]?.add(message, 0);
    else this.#lanes[message.priority]?.add(message, message.seq);
  }

  /** See `DuplicateWindow.raise`. In all lanes: whichever is written next has it. */
  raise(seq: number): void {
    for (const lane of this.#lanes) lane.raise(seq);
  }

  /** Drops every key, for another registration. */
  clear(): void {
    for (const lane of this.#lanes) lane.clear();
  }
}
