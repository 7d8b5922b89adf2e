/**
 * The log of one node: a ring of the last broadcasts. An entry that was begun is in memory, and stored when it is served.
 * What is stored is read when it is asked for: rows that are read are billed on Cloudflare, and are time everywhere.
 */
import { LIMITS } from "../../../schema/limits.ts";
import { isNowOrNever } from "../../message/clock.ts";
import { owesSomething } from "../outcome/outcome.ts";
import type { LogHeader, LogRecord, LogState, TagStore } from "../store.ts";
import type { LogEntry, Replacement } from "../types.ts";
import { findHead } from "./head.ts";
import { KeyIndex } from "./key-index.ts";
import { replacementsIn, replacesForAll } from "./replacements.ts";

interface Slot {
  readonly header: LogHeader;
  /** Null while it is not served: at the root it is stored all the same, elsewhere it is only here. */
  state: LogState | null;
  /** While it is not stored, or was used lately. */
  entry: LogEntry | null;
}

/** What a device that comes back is given at once. */
interface LogPage {
  readonly entries: readonly LogEntry[];
  /** The last position that was looked at. */
  readonly upTo: number;
  /** Later broadcasts of the entries' collapse keys that are for some members only: the device knows whether for itself. */
  readonly replacements: readonly Replacement[];
}

interface LogParts {
  readonly store: TagStore;
  /** Entries kept. */
  readonly size: number;
  /** Position that the node began at, or was opened again at. */
  readonly born: number;
  /** See `NodeRecord`. */
  readonly isGapless: boolean;
  /** Entries between the head and this position are not to be had: the log begins anew there, durably. */
  readonly onGap: (born: number) => void;
}

const never = () => false;

export class Log {
  readonly #parts: LogParts;
  readonly #store: TagStore;
  readonly #size: number;
  #born: number;
  /** Null until it was looked for. */
  #head: number | null = null;
  /** What was read or written, by position; null where it is not there. */
  readonly #slots = new Map<number, Slot | null>();
  /** Positions that are not stored, rising. */
  readonly #unstored = new Set<number>();
  readonly #keys = new KeyIndex({
    bounds: () => ({ first: this.#first, head: this.head }),
    header: (position) => this.header(position),
    readHeaders: () => this.#readHeaders(),
  });
  /** Positions that are not served, or of which somebody is owed something; null until they were looked for. */
  #unsettled: Set<number> | null = null;

  constructor(parts: LogParts) {
    this.#parts = parts;
    this.#store = parts.store;
    this.#size = parts.size;
    this.#born = parts.born;
  }

  /** Position of the last entry; where there is none, the one that the node began at. */
  get head(): number {
    this.#head ??= this.#parts.isGapless ? this.#findHead(this.#born) : this.#readHead();
    return this.#head;
  }

  /** After this position the log is known to have no gaps; null while nobody knows. */
  get gaplessFrom(): number | null {
    return this.#parts.isGapless || this.#head !== null ? this.#born : null;
  }

  /** Says where the head probably is, before anybody asks for it. */
  expectHead(near: number): void {
    if (this.#parts.isGapless) this.#head ??= this.#findHead(near);
  }

  /** The entry that was served last, by position. */
  get lastServed(): { readonly position: number; readonly state: LogState } | null {
    for (const { position } of this.headers()) {
      const state = this.state(position);
      if (state !== null) return { position, state };
    }
    return null;
  }

  /** What came up to a position was for nobody here: the log goes on behind it. */
  skipTo(position: number): void {
    if (position <= this.head) return;
    this.#head = position;
    this.#born = position;
  }

  header(position: number): LogHeader | undefined {
    return this.#at(position)?.header;
  }

  state(position: number): LogState | null {
    return this.#at(position)?.state ?? null;
  }

  /** Newest first. */
  *headers(): Generator<LogHeader> {
    for (let position = this.head; ; position--) {
      const slot = this.#at(position);
      if (slot === undefined) return;
      yield slot.header;
    }
  }

  /** Those that are not served, or of which somebody is owed something; oldest first. */
  get unsettled(): readonly LogHeader[] {
    this.#unsettled ??= this.#readUnsettled();
    return [...this.#unsettled]
      .sort((a, b) => a - b)
      .flatMap((position) => this.header(position) ?? []);
  }

  /** Those that are not served; oldest first. */
  get unserved(): readonly LogHeader[] {
    return this.unsettled.filter(({ position }) => this.state(position) === null);
  }

  /** @param store whether it is written now: one row; or else by `serve` */
  append(entry: LogEntry, store: boolean): void {
    const { position } = entry;
    const { data, ...rest } = entry;
    // Before the head moves: what is open is read from there.
    const open = this.#unsettledPositions;
    // What could not be written has not come, for its sender is told so.
    if (position > this.head + 1) {
      this.#parts.onGap(position - 1);
      this.#born = position - 1;
    }
    if (store) this.#store.putEntry(this.#slotOf(position), entry, null);
    else this.#unstored.add(position);
    this.#add({ header: { ...rest, bytes: data.length }, state: null, entry });
    open.add(position);
    this.#forget(position - this.#size);
  }

  /** An entry has been served: one row. The ones before it that nobody asked to be served alone are stored with it. */
  serve(position: number, state: LogState): void {
    const open = new Set(this.#unsettledPositions);
    const last = this.lastServed?.position ?? 0;
    for (const earlier of [...this.#unstored, position]) {
      if (earlier > position) continue;
      if (owesSomething(state.outcome) && this.#at(earlier) !== undefined) open.add(earlier);
      else open.delete(earlier);
    }
    const openFrom = open.size === 0 ? null : Math.min(...open);
    this.#write(position, last, { ...state, openFrom });
    this.#unsettled = open;
  }

  #write(position: number, last: number, written: LogState & { openFrom: number | null }): void {
    for (const earlier of [...this.#unstored]) {
      const slot = this.#at(earlier);
      if (earlier > position || slot?.entry == null) continue;
      this.#store.putEntry(this.#slotOf(earlier), slot.entry, written);
      slot.state = written;
      this.#unstored.delete(earlier);
      if (earlier === position) return;
    }
    this.#writeState(position, written);
    const { openFrom } = written;
    // It goes by the last: what comes to be owed of an earlier one (a node that was not reached owes it to members) is told there.
    const lastState = this.state(last);
    if (last > position && lastState !== null && isHigher(lastState.openFrom, openFrom))
      this.#writeState(last, { ...lastState, openFrom });
  }

  /** With its data; undefined where it is here no more. */
  entry(position: number): LogEntry | undefined {
    const slot = this.#at(position);
    if (slot === undefined) return undefined;
    if (slot.entry === null) {
      const data = this.#store.readData(this.#slotOf(position), position);
      if (data === null) return undefined;
      const { bytes: _, ...header } = slot.header;
      slot.entry = { ...header, data };
    }
    return slot.entry;
  }

  /** The entries of some positions, both included, as far as they are here; whatever became of them. */
  slice(first: number, last: number): LogEntry[] {
    const entries: LogEntry[] = [];
    for (let position = Math.max(first, this.#first); position <= last; position++) {
      const entry = this.entry(position);
      if (entry !== undefined) entries.push(entry);
    }
    return entries;
  }

  /** Lets go of data that is stored: a fan-out keeps it in memory for as long as it runs. */
  forgetData(): void {
    for (const [position, slot] of this.#slots)
      if (slot !== null && !this.#unstored.has(position)) slot.entry = null;
  }

  /** Entries after a position and up to another that are still to be sent, whatever their size; ttl 0 ones until they are served. */
  between(after: number, upTo: number, now: number): LogEntry[] {
    const entries: LogEntry[] = [];
    const isTurn = ({ position }: LogHeader) => position === upTo || this.state(position) === null;
    for (let position = Math.max(after + 1, this.#first); position <= upTo; position++) {
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
    const first = Math.max(after + 1, this.#first, this.head + 1 - LIMITS.LOG_ENTRIES);
    let bytes = 0;
    let upTo = Math.max(after, first - 1);
    for (let position = first; position <= this.head; position++) {
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

  /** Finds an entry by its key; reads the whole ring once. */
  find(key: Uint8Array): LogHeader | undefined {
    return this.#keys.find(key);
  }

  /** Finds an entry by its key in a few rows, if `seq` is its number. */
  findBySeq(seq: number, key: Uint8Array): LogHeader | undefined {
    return this.#keys.findBySeq(seq, key);
  }

  /** Whether a newer one of its collapse key has replaced it for everybody. */
  isCollapsed(position: number): boolean {
    const collapseKey = this.header(position)?.collapseKey ?? null;
    if (collapseKey === null) return false;
    for (let later = position + 1; later <= this.head; later++) {
      const header = this.header(later);
      if (header?.collapseKey === collapseKey && replacesForAll(header)) return true;
    }
    return false;
  }

  /** The oldest position that is still sent to anybody. */
  get #first(): number {
    return Math.max(this.#born, this.head - this.#size) + 1;
  }

  get #unsettledPositions(): Set<number> {
    this.#unsettled ??= this.#readUnsettled();
    return this.#unsettled;
  }

  #slotOf(position: number): number {
    return position % this.#size;
  }

  #at(position: number): Slot | undefined {
    if (position <= this.head - this.#size || position > this.head) return undefined;
    let slot = this.#slots.get(position);
    if (slot === undefined) {
      const record = this.#store.readEntry(this.#slotOf(position));
      slot = record?.header.position === position ? { ...record, entry: null } : null;
      this.#slots.set(position, slot);
    }
    return slot ?? undefined;
  }

  #add(slot: Slot): void {
    const { position } = slot.header;
    this.#slots.set(position, slot);
    this.#keys.add(slot.header);
    this.#head = Math.max(this.#head ?? 0, position);
  }

  /** Forgets what was read or written up to a position: its place in the ring is taken. */
  #forget(upTo: number): void {
    for (const [position, slot] of this.#slots) {
      if (position > upTo) continue;
      this.#slots.delete(position);
      this.#unsettled?.delete(position);
      this.#unstored.delete(position);
      if (slot !== null) this.#keys.remove(slot.header);
    }
  }

  #writeState(position: number, state: LogState): void {
    const slot = this.#at(position);
    if (slot === undefined) return;
    this.#store.writeState(this.#slotOf(position), state);
    slot.state = state;
  }

  #findHead(near: number): number {
    const read: LogRecord[] = [];
    const at = (position: number) => {
      const record = this.#store.readEntry(this.#slotOf(position));
      if (record !== null) read.push(record);
      return record?.header.position;
    };
    const head = findHead({ born: this.#born, size: this.#size, at }, near);
    this.#head = head;
    for (const record of read) this.#keep(record);
    return head;
  }

  /** Of a node of an older version, whose log may have gaps: all rows. */
  #readHead(): number {
    const records = this.#store.listLog();
    this.#head = Math.max(this.#born, records.at(-1)?.header.position ?? 0);
    for (const record of records) this.#keep(record);
    // Behind a gap nothing was ever sent again.
    let first = this.#head;
    while (this.#slots.get(first) !== undefined) first--;
    this.#born = Math.max(this.#born, first);
    return this.#head;
  }

  #keep(record: LogRecord): void {
    const { position } = record.header;
    const isInRing = position > this.head - this.#size && position <= this.head;
    if (isInRing && !this.#slots.has(position))
      this.#slots.set(position, { ...record, entry: null });
  }

  #readHeaders(): Iterable<LogHeader> {
    for (const record of this.#store.listLog()) this.#keep(record);
    return this.headers();
  }

  #readUnsettled(): Set<number> {
    const open = new Set<number>();
    let from = Number.NEGATIVE_INFINITY;
    let isLast = true;
    for (const { position } of this.headers()) {
      const state = this.state(position);
      if (state !== null && isLast) {
        isLast = false;
        if (state.openFrom !== undefined) from = state.openFrom ?? position;
      }
      if (position < from) break;
      if (state === null || owesSomething(state.outcome)) open.add(position);
    }
    return open;
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
}

/** Whether what is stored leaves out something that is open; what an older version wrote tells nothing, and all is read. */
const isHigher = (stored: number | null | undefined, openFrom: number | null): boolean =>
  stored !== undefined && openFrom !== null && openFrom < (stored ?? Number.POSITIVE_INFINITY);
