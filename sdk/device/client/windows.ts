/**
 * The duplicate windows of one registration, one of each lane: what keeps coming in one pushes no key out of another. The mesh
 * sends what was not acknowledged again before what is behind it in its lane, but after all that is more urgent.
 */
import type { BatchedStorage } from "../storage/batched.ts";
import type { Incoming } from "./message.ts";
import { DuplicateWindow } from "./window.ts";

export class DuplicateWindows {
  /** 0 for broadcasts, else by priority. */
  readonly #lanes: readonly DuplicateWindow[];

  /** @param prefix Of the storage keys. Normal messages have it bare: one window was for all lanes before. */
  constructor(storage: BatchedStorage, prefix: string) {
    this.#lanes = ["b/", "1/", "", "3/"].map((lane) => new DuplicateWindow(storage, prefix + lane));
  }

  /** Reads what is stored; before anything else. Rejects with what the storage rejects with. */
  async load(): Promise<void> {
    await Promise.all(this.#lanes.map((lane) => lane.load()));
  }

  /** The highest seq of all messages in them; 0 for none. */
  get lastSeq(): number {
    return Math.max(...this.#lanes.map(({ lastSeq }) => lastSeq));
  }

  /** See `DuplicateWindow.has`. Whatever lane it came in: a sender may repeat a message in another. */
  has(message: Incoming): boolean {
    return this.#lanes.some((lane) => lane.has(message));
  }

  /** See `DuplicateWindow.add`. */
  add(message: Incoming): void {
    if ("tag" in message) this.#lanes[0]?.add(message, 0);
    else this.#lanes[message.priority]?.add(message, message.seq);
  }

  /** Forgets every key, for another registration. */
  clear(): void {
    for (const lane of this.#lanes) lane.clear();
  }
}
