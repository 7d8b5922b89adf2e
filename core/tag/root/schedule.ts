/** Broadcasts of a tag that wait for their time. They take their places in the log when it comes, as if they were sent then. */
import { LIMITS } from "../../../schema/limits.ts";
import { toBase64Url } from "../../../schema/text.ts";
import type { LogEntry } from "../calls/broadcast.ts";
import { type LogHeader, SCHEDULED_SLOT, type TagStore } from "../store.ts";

/** In its slot, whose number is its position until it has one in the log. */
export type ScheduledBroadcast = LogHeader & { readonly sendAt: number };

export class Schedule {
  readonly #store: TagStore;
  /** By base64url of the key; null until they are needed. */
  #all: Map<string, ScheduledBroadcast> | null = null;

  constructor(store: TagStore) {
    this.#store = store;
  }

  get isEmpty(): boolean {
    return this.#waiting.size === 0;
  }

  get isFull(): boolean {
    return this.#waiting.size >= LIMITS.SCHEDULED_BROADCASTS;
  }

  /** When the next one is due, milliseconds since 1970; null for none. */
  get nextAt(): number | null {
    const times = [...this.#waiting.values()].map(({ sendAt }) => sendAt);
    return times.length === 0 ? null : Math.min(...times);
  }

  find(key: Uint8Array): ScheduledBroadcast | undefined {
    return this.#waiting.get(toBase64Url(key));
  }

  /** Writes one row. Must not be full. */
  add(entry: Omit<LogEntry, "position"> & { readonly sendAt: number }): void {
    const taken = new Set([...this.#waiting.values()].map(({ position }) => position));
    let slot = SCHEDULED_SLOT;
    while (taken.has(slot)) slot++;
    const placed = { ...entry, position: slot };
    this.#store.putEntry(slot, placed, null);
    const { data, ...header } = placed;
    this.#waiting.set(toBase64Url(entry.key), { ...header, bytes: data.length });
  }

  /** Those whose time has come, by their times. */
  due(now: number): readonly ScheduledBroadcast[] {
    const due = [...this.#waiting.values()].filter(({ sendAt }) => sendAt <= now);
    return due.sort((a, b) => a.sendAt - b.sendAt || a.seq - b.seq);
  }

  dataOf({ position }: ScheduledBroadcast): Uint8Array {
    return this.#store.readData(position, position) ?? new Uint8Array();
  }

  /**
   * Its sender recalls it: nothing is left of it but its place, until its time. Writes one row, or none if that was done before.
   *
   * @returns false if it does not wait here
   */
  cancel(key: Uint8Array, seq: number, now: number): boolean {
    const waiting = this.find(key);
    if (waiting?.seq !== seq) return false;
    if (waiting.recalledAt !== undefined) return true;
    const { bytes: _, notification: __, ...rest } = waiting;
    const cancelled = { ...rest, recalledAt: now };
    this.#store.putEntry(waiting.position, { ...cancelled, data: new Uint8Array() }, null);
    this.#waiting.set(toBase64Url(key), { ...cancelled, bytes: 0 });
    return true;
  }

  /** Writes one row. */
  remove({ key, position }: ScheduledBroadcast): void {
    this.#store.deleteEntry(position);
    this.#waiting.delete(toBase64Url(key));
  }

  get #waiting(): Map<string, ScheduledBroadcast> {
    if (this.#all !== null) return this.#all;
    this.#all = new Map();
    for (const { header } of this.#store.listScheduled()) {
      const { sendAt = 0 } = header;
      this.#all.set(toBase64Url(header.key), { ...header, sendAt });
    }
    return this.#all;
  }
}
