/** Where a live node has its broadcasts from: what the root sends, and what it fetches there that it missed. */
import { LIMITS } from "../../schema/limits.ts";
import { livePlaceBytes } from "../../schema/live.ts";
import type { LogEntry } from "../tag/types.ts";
import type { LiveHost } from "./host.ts";
import { LiveLog } from "./log.ts";
import type { LiveEntry, LiveStore } from "./store.ts";
import { isForListeners, liveEntry, signedPlaceOf } from "./text.ts";

export class RootFeed {
  /** That the node was made for, as it was stored at the start; null where it was not. */
  readonly storedTag: string | null;
  readonly #store: LiveStore;
  readonly #host: LiveHost;
  #log: LiveLog | null = null;
  /** Position that it had come to when it was erased. */
  #erasedAt: number | null = null;
  #tag = "";
  #fetching: Promise<void> = Promise.resolve();

  constructor(store: LiveStore, host: LiveHost) {
    this.#store = store;
    this.#host = host;
    const record = store.read();
    this.storedTag = record?.tag ?? null;
    this.#tag = record?.tag ?? "";
    if (record !== null) this.#log = new LiveLog(store, record.born);
  }

  /** Null for a node that was never made. */
  get log(): LiveLog | null {
    return this.#log;
  }

  /** Position of the last broadcast that was here. */
  get head(): number {
    return this.#log?.head ?? this.#erasedAt ?? 0;
  }

  /** @param born position that the node begins at, where it was never made */
  make(tag: string, born: number): LiveLog {
    if (this.#log === null) {
      // Who was let in before that is to have what came since.
      const from = Math.min(born, this.#erasedAt ?? born);
      this.#store.write({ tag, born: from });
      this.#tag = tag;
      this.#log = new LiveLog(this.#store, from);
    }
    return this.#log;
  }

  /** Forgets everything: the root has it, and whoever comes again has it fetched. */
  erase(): void {
    if (this.#log === null) return;
    this.#store.erase();
    this.#erasedAt = this.#log.head;
    this.#log = null;
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
      await this.take(
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
      entries.push(...(await this.#signed(page)));
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

  /**
   * Takes what the log does not have yet.
   *
   * @throws where it cannot be signed now: what is not signed at its place would be dropped by those who listen
   */
  async take(log: LiveLog, entries: readonly LogEntry[]): Promise<void> {
    const fresh = entries.filter(({ position }) => position > log.head);
    // Others may have taken the same meanwhile.
    for (const entry of await this.#signed(fresh)) {
      if (entry.position > log.head) log.append(entry);
    }
  }

  /** As listeners get them, signed once for all of them. */
  #signed(entries: readonly LogEntry[]): Promise<LiveEntry[]> {
    return Promise.all(entries.map((entry) => this.#signedOne(entry)));
  }

  async #signedOne(entry: LogEntry): Promise<LiveEntry> {
    const host = this.#host;
    const { appId } = host;
    const place = signedPlaceOf(entry, { id: host.messageId(entry), appId, listened: this.#tag });
    if (!isForListeners(entry)) return liveEntry(entry, place, null);
    const signature = await host.withTimeout(LIMITS.CALL_MS, host.sign(livePlaceBytes(place)));
    return liveEntry(entry, place, signature);
  }

  /** Listeners need not wait for it: the root has everything, and a node that starts asks it. */
  async save(log: LiveLog): Promise<void> {
    // Erased meanwhile.
    if (log !== this.#log) return;
    const { head } = log;
    log.save();
    await this.#host.durable();
    log.saved(head);
  }
}
