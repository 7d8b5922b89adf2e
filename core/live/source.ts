/** Where a live node has its broadcasts from: what the root sends, and what it fetches there that it missed. */
import { LIMITS } from "../../schema/limits.ts";
import type { LogEntry } from "../tag/types.ts";
import type { LiveHost } from "./host.ts";
import { LiveLog } from "./log.ts";
import type { LiveStore } from "./store.ts";
import { liveEntry } from "./text.ts";

export class Source {
  /** That the node was made for, as it was stored at the start; null where it was not. */
  readonly storedTag: string | null;
  readonly #store: LiveStore;
  readonly #host: LiveHost;
  #log: LiveLog | null = null;
  #fetching: Promise<void> = Promise.resolve();

  constructor(store: LiveStore, host: LiveHost) {
    this.#store = store;
    this.#host = host;
    const record = store.read();
    this.storedTag = record?.tag ?? null;
    if (record !== null) this.#log = new LiveLog(store, record.born);
  }

  /** Null for a node that was never made. */
  get log(): LiveLog | null {
    return this.#log;
  }

  /** @param born position that the node begins at, where it was never made */
  make(tag: string, born: number): LiveLog {
    if (this.#log === null) {
      this.#store.write({ tag, born });
      this.#log = new LiveLog(this.#store, born);
    }
    return this.#log;
  }

  /** Fetches from the root what is missing up to a position; one fetch at a time. */
  async fetch(upTo: number): Promise<void> {
    const fetching = this.#fetching.then(() => this.#fetchPages(upTo));
    this.#fetching = fetching.catch(() => {});
    await fetching;
  }

  async #fetchPages(upTo: number): Promise<void> {
    const log = this.#log;
    if (log === null) return;
    while (log.head < upTo) {
      const before = log.head;
      const page = await this.#entriesAfter(before);
      this.take(
        log,
        page.filter(({ position }) => position <= upTo),
      );
      // What the root has left out expired, or was replaced.
      if (log.head === before) return;
    }
  }

  /** Fetches from the root what came after a position and before this node's own log. */
  async extend(after: number): Promise<void> {
    const log = this.#log;
    if (log === null) return;
    const entries = [];
    let last = Math.max(after, log.head - LIMITS.LOG_ENTRIES);
    while (last < log.floor) {
      const page = await this.#entriesAfter(last);
      entries.push(...page.map((entry) => liveEntry(entry, this.#host.messageId(entry))));
      const next = page.at(-1)?.position;
      if (next === undefined) break;
      last = next;
    }
    log.extend(entries, after);
  }

  /** A root that hangs must not hang the listeners who wait. */
  #entriesAfter(position: number): Promise<readonly LogEntry[]> {
    const { root, withTimeout } = this.#host;
    return withTimeout(LIMITS.CALL_MS, root.entriesAfter(position));
  }

  /** Takes what the log does not have yet. */
  take(log: LiveLog, entries: readonly LogEntry[]): void {
    for (const entry of entries) {
      if (entry.position > log.head) log.append(liveEntry(entry, this.#host.messageId(entry)));
    }
  }

  /** Listeners need not wait for it: the root has everything, and a node that starts asks it. */
  async save(log: LiveLog): Promise<void> {
    const { head } = log;
    log.save();
    await this.#host.durable();
    log.saved(head);
  }
}
