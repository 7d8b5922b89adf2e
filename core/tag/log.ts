/** The log of one node: a ring of the last broadcasts. An entry that was begun is in memory, and stored when it is served. */
import { LIMITS } from "../../schema/limits.ts";
import { toBase64Url } from "../../schema/text.ts";
import { isNowOrNever } from "../device/clock.ts";
import { replacementsIn, replacesForAll } from "./replacements.ts";
import type { LogHeader, LogState, TagStore } from "./store.ts";
import type { LogEntry, Replacement } from "./types.ts";

interface Slot {
  readonly header: LogHeader;
  /** Null while it is not served: at the root it is stored all the same, elsewhere it is only here. */
  state: LogState | null;
  /** While it is not stored, or was used lately. */
  entry: LogEntry | null;
  stored: boolean;
}

/** What a device that comes back is given at once. */
export interface LogPage {
  readonly entries: readonly LogEntry[];
  /** The last position that was looked at. */
  readonly upTo: number;
  /** Later broadcasts of the entries' collapse keys that are for some members only: the device knows whether for itself. */
  readonly replacements: readonly Replacement[];
}

const never = () => false;

export class Log {
  readonly #store: TagStore;
  readonly #size: number;
  /** By position, rising. */
  readonly #slots = new Map<number, Slot>();
  /** Positions by base64url of the key. */
  readonly #byKey = new Map<string, number>();
  #head: number;

  /**
   * @param size entries kept
   * @param born position that the node began at
   */
  constructor(store: TagStore, size: number, born: number) {
    this.#store = store;
    this.#size = size;
    this.#head = born;
    for (const { header, state } of store.listLog()) {
      this.#add({ header, state, entry: null, stored: true });
    }
  }

  /** Position of the last entry; where there is none, the one that the node began at. */
  get head(): number {
    return this.#head;
  }

  /** Position of the oldest entry that is here; one past the head where there is none. */
  get oldest(): number {
    let oldest = this.#head + 1;
    while (this.#slots.has(oldest - 1)) oldest--;
    return oldest;
  }

  /** The entry that was served last, by position. */
  get lastServed(): { readonly position: number; readonly state: LogState } | null {
    let last: { readonly position: number; readonly state: LogState } | null = null;
    for (const [position, { state }] of this.#slots) {
      if (state !== null && position > (last?.position ?? 0)) last = { position, state };
    }
    return last;
  }

  /** What came up to a position was for nobody here: the log goes on behind it. */
  skipTo(position: number): void {
    this.#head = Math.max(this.#head, position);
  }

  header(position: number): LogHeader | undefined {
    return this.#slots.get(position)?.header;
  }

  state(position: number): LogState | null {
    return this.#slots.get(position)?.state ?? null;
  }

  /** Newest first. */
  *headers(): Generator<LogHeader> {
    for (let position = this.#head; ; position--) {
      const slot = this.#slots.get(position);
      if (slot === undefined) return;
      yield slot.header;
    }
  }

  /** @param store whether it is written now: one row; or else by `serve` */
  append(entry: LogEntry, store: boolean): void {
    const { data, ...rest } = entry;
    const header: LogHeader = { ...rest, bytes: data.length };
    this.#drop(entry.position - this.#size);
    this.#add({ header, state: null, entry, stored: store });
    if (store) this.#store.putEntry(entry.position % this.#size, entry, null);
  }

  /** An entry has been served: one row. The ones before it that nobody asked to be served alone are stored with it. */
  serve(position: number, state: LogState): void {
    for (const [earlier, slot] of this.#slots) {
      if (earlier > position || slot.stored) continue;
      const entry = this.entry(earlier);
      if (entry === undefined) continue;
      slot.state = state;
      slot.stored = true;
      this.#store.putEntry(earlier % this.#size, entry, state);
      if (earlier === position) return;
    }
    const slot = this.#slots.get(position);
    if (slot === undefined) return;
    slot.state = state;
    this.#store.writeState(position % this.#size, state);
  }

  /** With its data; undefined where it is here no more. */
  entry(position: number): LogEntry | undefined {
    const slot = this.#slots.get(position);
    if (slot === undefined) return undefined;
    if (slot.entry === null) {
      const data = this.#store.readData(position);
      if (data === null) return undefined;
      const { bytes: _, ...header } = slot.header;
      slot.entry = { ...header, data };
    }
    return slot.entry;
  }

  /** The entries of some positions, both included, as far as they are here; whatever became of them. */
  slice(first: number, last: number): LogEntry[] {
    const entries: LogEntry[] = [];
    for (let position = Math.max(first, this.oldest); position <= last; position++) {
      const entry = this.entry(position);
      if (entry !== undefined) entries.push(entry);
    }
    return entries;
  }

  /** Lets go of data that is stored: a fan-out keeps it in memory for as long as it runs. */
  forgetData(): void {
    for (const slot of this.#slots.values()) if (slot.stored) slot.entry = null;
  }

  /** Entries after a position and up to another that are still to be sent, whatever their size; ttl 0 ones until they are served. */
  between(after: number, upTo: number, now: number): LogEntry[] {
    const entries: LogEntry[] = [];
    const isTurn = ({ position }: LogHeader) => position === upTo || this.state(position) === null;
    for (let position = Math.max(after + 1, this.oldest); position <= upTo; position++) {
      if (!this.#isWanted(position, now, isTurn)) continue;
      const entry = this.entry(position);
      if (entry !== undefined) entries.push(entry);
    }
    return entries;
  }

  /**
   * What a device that has everything up to `after` has missed, as far as one page holds it.
   *
   * @param isForNow whether a ttl 0 broadcast is for the device: it was there when its turn came, or that is still to come
   */
  page(after: number, now: number, isForNow: (header: LogHeader) => boolean = never): LogPage {
    const entries: LogEntry[] = [];
    const first = Math.max(after + 1, this.oldest, this.#head + 1 - LIMITS.LOG_ENTRIES);
    let bytes = 0;
    let upTo = Math.max(after, first - 1);
    for (let position = first; position <= this.#head; position++) {
      if (this.#isWanted(position, now, isForNow)) {
        const size = this.header(position)?.bytes ?? 0;
        const isFull =
          entries.length >= LIMITS.CATCH_UP_ENTRIES ||
          (entries.length > 0 && bytes + size > LIMITS.CATCH_UP_BYTES);
        if (isFull) break;
        const entry = this.entry(position);
        if (entry !== undefined) entries.push(entry);
        bytes += size;
      }
      upTo = position;
    }
    return { entries, upTo, replacements: replacementsIn(entries, this.headers()) };
  }

  /** The entry of this key. */
  find(key: Uint8Array): LogHeader | undefined {
    const position = this.#byKey.get(toBase64Url(key));
    return position === undefined ? undefined : this.header(position);
  }

  #add(slot: Slot): void {
    const { position, key } = slot.header;
    this.#slots.set(position, slot);
    this.#byKey.set(toBase64Url(key), position);
    this.#head = Math.max(this.#head, position);
  }

  /** Forgets the entries up to a position: their places in the ring are taken. */
  #drop(upTo: number): void {
    for (const [position, { header }] of this.#slots) {
      if (position > upTo) return;
      this.#slots.delete(position);
      const key = toBase64Url(header.key);
      if (this.#byKey.get(key) === position) this.#byKey.delete(key);
    }
  }

  /**
   * Whether an entry is worth sending: not expired, and not replaced for everybody by a newer one of its collapse key.
   *
   * @param isForNow decides of one of ttl 0
   */
  #isWanted(position: number, now: number, isForNow: (header: LogHeader) => boolean): boolean {
    const header = this.header(position);
    if (header === undefined) return false;
    if (isNowOrNever(header.seq)) return isForNow(header);
    if (header.expiresAt <= now) return false;
    return !this.isCollapsed(position);
  }

  /** Whether a newer one of its collapse key has replaced it for everybody. */
  isCollapsed(position: number): boolean {
    const collapseKey = this.header(position)?.collapseKey ?? null;
    if (collapseKey === null) return false;
    for (let later = position + 1; later <= this.#head; later++) {
      const header = this.header(later);
      if (header?.collapseKey === collapseKey && replacesForAll(header)) return true;
    }
    return false;
  }
}
