/**
 * The log of one node: a ring of the last broadcasts. At the root an entry is stored when it is appended, elsewhere when it is served.
 * Rows are read when they are needed: a row read is billed on Cloudflare, and takes time everywhere.
 */
import { isNowOrNever } from "../../message/clock.ts";
import { contentBytes } from "../../message/options.ts";
import { endsApp, type LogEntry } from "../calls/broadcast.ts";
import { owesSomething } from "../outcome/outcome.ts";
import type { LogHeader, LogRecord, LogState, TagStore } from "../store.ts";
import { findHead } from "./head.ts";
import { KeyIndex } from "./key-index.ts";
import { type LogPage, missedPage } from "./page.ts";
import { recalledBy, wipedBy } from "./recalled.ts";
import { replacesForAll } from "./replacements.ts";

interface Slot {
  readonly header: LogHeader;
  /** Null until it is served. */
  state: LogState | null;
  /** Null if it is stored and its data is not in memory. */
  entry: LogEntry | null;
}

interface LogParts {
  readonly store: TagStore;
  /** Slots of the ring. */
  readonly size: number;
  /** Position at which the node started, or was opened again. */
  readonly born: number;
  /** See `NodeRecord`. */
  readonly isGapless: boolean;
  /** Entries up to this position are missing: the log starts over there, durably. */
  readonly onGap: (born: number) => void;
}

const never = () => false;

export class Log {
  readonly #parts: LogParts;
  readonly #store: TagStore;
  readonly #size: number;
  #born: number;
  /** Null until it is first needed. */
  #head: number | null = null;
  /** Entries that were read or written, by position; null for a position that is not stored. */
  readonly #slots = new Map<number, Slot | null>();
  /** Positions that are not stored, ascending. */
  readonly #unstored = new Set<number>();
  readonly #keys = new KeyIndex({
    bounds: () => ({ first: this.first, head: this.head }),
    header: (position) => this.header(position),
    readHeaders: () => this.#readHeaders(),
  });
  /** Positions that are not served, or are owed to someone; null until first needed. */
  #unsettled: Set<number> | null = null;
  #recalls = 0;

  constructor(parts: LogParts) {
    this.#parts = parts;
    this.#store = parts.store;
    this.#size = parts.size;
    this.#born = parts.born;
  }

  /** Position of the last entry; in an empty log, the position at which the node started. */
  get head(): number {
    this.#head ??= this.#parts.isGapless ? this.#findHead(this.#born) : this.#readHead();
    return this.#head;
  }

  /** After this position the log has no gaps; null if that is unknown. */
  get gaplessFrom(): number | null {
    return this.#parts.isGapless || this.#head !== null ? this.#born : null;
  }

  /** Finds the head, if it is not known yet, starting at its probable position. */
  expectHead(near: number): void {
    if (this.#parts.isGapless) this.#head ??= this.#findHead(near);
  }

  /** Whether the app was deleted: nothing comes after its end. */
  get isEnded(): boolean {
    const last = this.header(this.head);
    return last !== undefined && endsApp(last);
  }

  /** The served entry with the highest position. */
  get lastServed(): { readonly position: number; readonly state: LogState } | null {
    for (const { position } of this.headers()) {
      const state = this.state(position);
      if (state !== null) return { position, state };
    }
    return null;
  }

  /** Broadcasts up to this position were for nobody here: the log continues after it. */
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

  /** Entries that are not served, or are owed to someone; oldest first. */
  get unsettled(): readonly LogHeader[] {
    this.#unsettled ??= this.#readUnsettled();
    return [...this.#unsettled]
      .sort((a, b) => a - b)
      .flatMap((position) => this.header(position) ?? []);
  }

  /** Entries that are not served; oldest first. */
  get unserved(): readonly LogHeader[] {
    return this.unsettled.filter(({ position }) => this.state(position) === null);
  }

  /** Rises with each broadcast that is recalled: what was read before may have to be read again. */
  get recalls(): number {
    return this.#recalls;
  }

  /**
   * A recall takes its broadcast out of the log first: one more row.
   *
   * @param store true writes the row now, false leaves that to `recordOutcome`
   */
  append(entry: LogEntry, store: boolean): void {
    const { position } = entry;
    const { data: _, ...rest } = entry;
    // Read before the head moves, because reading starts at the head.
    const unsettled = this.#unsettledPositions;
    // Written before memory changes: if it fails, the sender is told so.
    if (position > this.head + 1) {
      this.#parts.onGap(position - 1);
      this.#born = position - 1;
    }
    this.#wipeRecalled(entry);
    if (store) this.#store.putEntry(this.#slotOf(position), entry, null);
    else this.#unstored.add(position);
    this.#add({ header: { ...rest, bytes: contentBytes(entry) }, state: null, entry });
    unsettled.add(position);
    this.#forget(position - this.#size);
  }

  /** Writes the outcome of an entry: one row. Entries before it that were not served by themselves are stored with the same outcome. */
  recordOutcome(position: number, state: LogState): void {
    const unsettled = new Set(this.#unsettledPositions);
    const last = this.lastServed?.position ?? 0;
    for (const earlier of [...this.#unstored, position]) {
      if (earlier > position) continue;
      if (owesSomething(state.outcome) && this.#at(earlier) !== undefined) unsettled.add(earlier);
      else unsettled.delete(earlier);
    }
    const openFrom = unsettled.size === 0 ? null : Math.min(...unsettled);
    this.#write(position, last, { ...state, openFrom });
    this.#unsettled = unsettled;
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
    // `openFrom` is read from the last served entry, so a debt of an earlier one must be covered there.
    const lastState = this.state(last);
    if (last > position && lastState !== null && isHigher(lastState.openFrom, openFrom))
      this.#writeState(last, { ...lastState, openFrom });
  }

  /** The entry with its data; undefined if the log no longer has it. */
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

  /** All entries from `first` to `last`, inclusive, that the log still has. */
  slice(first: number, last: number): LogEntry[] {
    const entries: LogEntry[] = [];
    for (let position = Math.max(first, this.first); position <= last; position++) {
      const entry = this.entry(position);
      if (entry !== undefined) entries.push(entry);
    }
    return entries;
  }

  /** Frees the data of stored entries. A fan-out keeps data in memory while it runs. */
  forgetData(): void {
    for (const [position, slot] of this.#slots)
      if (slot !== null && !this.#unstored.has(position)) slot.entry = null;
  }

  /** Entries after a position and up to another that are still to be sent, of any total size. Ttl 0 ones only until they are served. */
  between(after: number, upTo: number, now: number): LogEntry[] {
    const entries: LogEntry[] = [];
    const isTurn = ({ position }: LogHeader) => position === upTo || this.state(position) === null;
    for (let position = Math.max(after + 1, this.first); position <= upTo; position++) {
      if (!this.isWanted(position, now, isTurn)) continue;
      const entry = this.entry(position);
      if (entry !== undefined) entries.push(entry);
    }
    return entries;
  }

  /** See `missedPage`. */
  page(after: number, now: number, isForNow: (header: LogHeader) => boolean = never): LogPage {
    return missedPage(this, after, now, isForNow);
  }

  /** Finds an entry by its key; reads the whole ring once. */
  find(key: Uint8Array): LogHeader | undefined {
    return this.#keys.find(key);
  }

  /** Finds an entry by its key in a few rows, if `seq` is its number. */
  findBySeq(seq: number, key: Uint8Array): LogHeader | undefined {
    return this.#keys.findBySeq(seq, key);
  }

  /** Whether a newer broadcast with its collapse key replaced it for all members. */
  isCollapsed(position: number): boolean {
    const collapseKey = this.header(position)?.collapseKey ?? null;
    if (collapseKey === null) return false;
    for (let later = position + 1; later <= this.head; later++) {
      const header = this.header(later);
      if (header?.collapseKey === collapseKey && replacesForAll(header)) return true;
    }
    return false;
  }

  /** The oldest position that is still sent. */
  get first(): number {
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

  /** Its content goes at once, and its place stays: what became of it so far is still told. */
  #wipeRecalled(recall: LogEntry): void {
    const recalled = recalledBy(recall);
    const header = recalled && this.findBySeq(recalled.seq, recalled.key);
    // Another broadcast may have the key of one that this log has forgotten.
    if (!header || header.seq !== recalled?.seq || header.recalledAt !== undefined) return;
    const entry = wipedBy(recall, header);
    const { position, data: _, ...rest } = entry;
    const state = this.state(position);
    if (!this.#unstored.has(position)) this.#store.putEntry(this.#slotOf(position), entry, state);
    this.#slots.set(position, { header: { ...rest, position, bytes: 0 }, state, entry });
    this.#recalls++;
  }

  /** Forgets everything up to a position: its slots are taken. */
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

  /** Reads all rows: the log of an older version may have gaps. */
  #readHead(): number {
    const records = this.#store.listLog();
    this.#head = Math.max(this.#born, records.at(-1)?.header.position ?? 0);
    for (const record of records) this.#keep(record);
    // Entries before a gap were never sent again.
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
    const unsettled = new Set<number>();
    let from = Number.NEGATIVE_INFINITY;
    let isLast = true;
    for (const { position } of this.headers()) {
      const state = this.state(position);
      if (state !== null && isLast) {
        isLast = false;
        if (state.openFrom !== undefined) from = state.openFrom ?? position;
      }
      if (position < from) break;
      if (state === null || owesSomething(state.outcome)) unsettled.add(position);
    }
    return unsettled;
  }

  /**
   * Whether an entry is still to be sent: not expired, not recalled, and not replaced for all members.
   *
   * @param isForNow decides for ttl 0
   */
  isWanted(position: number, now: number, isForNow: (header: LogHeader) => boolean): boolean {
    const header = this.header(position);
    if (header === undefined || header.recalledAt !== undefined) return false;
    if (isNowOrNever(header.seq)) return isForNow(header);
    if (header.expiresAt <= now) return false;
    return !this.isCollapsed(position);
  }
}

/** Whether the stored `openFrom` misses something unsettled. An older version wrote none, and everything is read. */
const isHigher = (stored: number | null | undefined, openFrom: number | null): boolean =>
  stored !== undefined && openFrom !== null && openFrom < (stored ?? Number.POSITIVE_INFINITY);
