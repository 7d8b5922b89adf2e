/** The broadcasts of a live node: those that the root sends, and those that it missed and fetches from the root. */
import { LIMITS } from "../../schema/limits.ts";
import { livePlaceBytes } from "../../schema/live.ts";
import type { LogEntry } from "../tag/calls/broadcast.ts";
import { recalledBy } from "../tag/log/recalled.ts";
import type { LiveHost } from "./host.ts";
import { LiveLog } from "./log.ts";
import type { LiveEntry, LiveStore } from "./store.ts";
import { isForListeners, liveEntry, signedPlaceOf } from "./text.ts";

export class RootFeed {
  /** The tag in the stored record; null if there was none at the start. */
  readonly storedTag: string | null;
  readonly #store: LiveStore;
  readonly #host: LiveHost;
  #log: LiveLog | null = null;
  /** Head of the log when it was erased. */
  #erasedAt: number | null = null;
  #tag = "";
  #fetching: Promise<void> = Promise.resolve();
  #trust = 0;

  constructor(store: LiveStore, host: LiveHost) {
    this.#store = store;
    this.#host = host;
    const record = store.read();
    this.storedTag = record?.tag ?? null;
    this.#tag = record?.tag ?? "";
    if (record !== null) this.#log = new LiveLog(store, record.born);
  }

  /** The latest version of the app's trust under which something was sent: see `StoredTrust.version`. */
  get trust(): number {
    return this.#trust;
  }

  /** Null if it was never made, or was erased. */
  get log(): LiveLog | null {
    return this.#log;
  }

  /** Position of the last broadcast that this node had. */
  get head(): number {
    return this.#log?.head ?? this.#erasedAt ?? 0;
  }

  /** @param born position at which a new log starts */
  make(tag: string, born: number): LiveLog {
    if (this.#log === null) {
      // Listeners that joined before the log was erased get everything since.
      const from = Math.min(born, this.#erasedAt ?? born);
      this.#store.write({ tag, born: from });
      this.#tag = tag;
      this.#log = new LiveLog(this.#store, from);
    }
    return this.#log;
  }

  /** Erases the log. The root has everything, and it is fetched again for the next listener. */
  erase(): void {
    if (this.#log === null) return;
    this.#store.erase();
    this.#erasedAt = this.#log.head;
    this.#log = null;
  }

  /** Fetches missing entries up to a position from the root; one fetch at a time. */
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
      // The root left out the rest as expired or collapsed.
      if (log.head === before) return;
    }
  }

  /** Fetches the entries between a position and the start of the log from the root. */
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

  /** With a timeout, because a root that hangs must not block the listeners. */
  #entriesAfter(position: number): Promise<readonly LogEntry[]> {
    const { root, withTimeout } = this.#host;
    return withTimeout(LIMITS.CALL_MS, root.entriesAfter(position));
  }

  /**
   * Appends what the log does not have yet.
   *
   * @throws if it cannot be signed: listeners drop broadcasts without a place signature
   */
  async take(log: LiveLog, entries: readonly LogEntry[]): Promise<void> {
    const fresh = entries.filter(({ position }) => position > log.head);
    // The same may have been appended meanwhile.
    for (const entry of await this.#signed(fresh)) {
      if (entry.position > log.head) log.append(entry);
    }
    for (const entry of fresh) {
      const of = recalledBy(entry);
      if (of !== null) log.wipe(this.#host.messageId({ ...entry, ...of }));
    }
  }

  /** Signed once for all listeners. */
  #signed(entries: readonly LogEntry[]): Promise<LiveEntry[]> {
    // Before any of them can be heard.
    for (const { trustVersion = 0 } of entries) this.#trust = Math.max(this.#trust, trustVersion);
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

  /** Stores the log. Listeners do not wait for it, because a node that starts fetches what it lacks from the root. */
  async save(log: LiveLog): Promise<void> {
    // It was erased meanwhile.
    if (log !== this.#log) return;
    const { head } = log;
    log.save();
    await this.#host.durable();
    log.saved(head);
  }
}
