/** The log of a live node: a ring of the last broadcasts, for listeners that resume. */
import { LIMITS } from "../../schema/limits.ts";
import type { LiveEntry, LiveStore } from "./store.ts";
import { LiveText } from "./text.ts";

interface Slot extends LiveEntry {
  /** Made when it is first sent. */
  made: LiveText | null;
}

const slotOf = (entry: LiveEntry): Slot => ({ ...entry, made: null });

export class LiveLog {
  readonly #store: LiveStore;
  /** In order of position. Missing positions expired or collapsed before this node learned of them. */
  readonly #slots: Slot[];
  #floor: number;
  #head: number;
  /** Position up to which everything is durable. */
  #saved: number;

  /** @param born position at which the node started */
  constructor(store: LiveStore, born: number) {
    this.#store = store;
    const stored = store.list();
    this.#head = stored.at(-1)?.position ?? born;
    this.#saved = this.#head;
    // Entries of an older version have no place signature: they are fetched from the root again.
    const unsigned = stored.findLast(
      ({ text }) => text !== null && !text.includes('"placeSignature":'),
    );
    // If positions were left out, slots may hold entries that are older than the ring.
    this.#floor = Math.max(...[born, this.#head - LIMITS.LOG_ENTRIES, unsigned?.position ?? 0]);
    this.#slots = stored.filter(({ position }) => position > this.#floor).map(slotOf);
  }

  /** Position of the last broadcast. */
  get head(): number {
    return this.#head;
  }

  /** The log has everything after this position that is still to be sent. */
  get floor(): number {
    return this.#floor;
  }

  /** Appends the next broadcast in memory; `save` stores it. */
  append(entry: LiveEntry): void {
    this.#slots.push(slotOf(entry));
    this.#head = entry.position;
    const oldest = this.#head - LIMITS.LOG_ENTRIES;
    while ((this.#slots[0]?.position ?? this.#head) <= oldest) this.#slots.shift();
    this.#floor = Math.max(this.#floor, oldest);
  }

  /** A broadcast was recalled: listeners that resume do not get it. Writes one row if the log has it. */
  wipe(id: string): void {
    const named = `"id":${JSON.stringify(id)}`;
    const at = this.#slots.findIndex(({ text }) => text?.includes(named));
    const known = this.#slots[at];
    if (known === undefined) return;
    const { made: _, ...wiped } = { ...known, text: null };
    this.#slots[at] = slotOf(wiped);
    this.#store.put(wiped.position % LIMITS.LOG_ENTRIES, wiped);
  }

  /** Writes the broadcasts that are not durable yet: one row for each. */
  save(): void {
    for (const { made: _, ...entry } of this.#slots) {
      if (entry.position > this.#saved) {
        this.#store.put(entry.position % LIMITS.LOG_ENTRIES, entry);
      }
    }
  }

  /** What `save` wrote up to this position is durable. Until this is called, `save` writes it again. */
  saved(position: number): void {
    this.#saved = Math.max(this.#saved, position);
  }

  /**
   * Adds broadcasts from before the floor, in memory only, because the root has them stored.
   *
   * @param floor position after which `entries` has everything
   */
  extend(entries: readonly LiveEntry[], floor: number): void {
    this.#slots.unshift(...entries.filter(({ position }) => position <= this.#floor).map(slotOf));
    this.#floor = Math.min(this.#floor, floor);
  }

  /**
   * The first broadcast after a position that is to be sent; null for none.
   *
   * @param isLive whether the listener was connected all the time, so that ttl 0 broadcasts are for it, too
   */
  next(after: number, isLive: boolean, now: number): { position: number; text: LiveText } | null {
    for (let at = this.#indexAfter(after); at < this.#slots.length; at++) {
      const slot = this.#slots[at];
      if (slot === undefined || slot.text === null) continue;
      if (slot.expiresAt === null ? !isLive : slot.expiresAt <= now) continue;
      if (this.#isCollapsed(at, slot)) continue;
      slot.made ??= new LiveText(slot.text, slot.position, null);
      return { position: slot.position, text: slot.made };
    }
    return null;
  }

  /** The last broadcast, for a listener that has everything before it; null if it is not to be sent. */
  last(now: number): LiveText | null {
    const slot = this.#slots.at(-1);
    if (slot === undefined || slot.text === null) return null;
    if (slot.expiresAt !== null && slot.expiresAt <= now) return null;
    slot.made ??= new LiveText(slot.text, slot.position, null);
    return slot.made;
  }

  /** Searches from the end, because most listeners are there. */
  #indexAfter(position: number): number {
    let at = this.#slots.length;
    while (at > 0 && (this.#slots[at - 1]?.position ?? 0) > position) at--;
    return at;
  }

  #isCollapsed(at: number, { collapseKey }: Slot): boolean {
    if (collapseKey === null) return false;
    for (let later = at + 1; later < this.#slots.length; later++) {
      const slot = this.#slots[later];
      // A ttl 0 broadcast replaces nothing, because a listener that resumes never gets it.
      const replaces = slot !== undefined && slot.text !== null && slot.expiresAt !== null;
      if (replaces && slot.collapseKey === collapseKey) return true;
    }
    return false;
  }
}
