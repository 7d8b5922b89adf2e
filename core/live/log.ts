/** The ring of a live node: the last broadcasts, for listeners that come back. */
import { LIMITS } from "../../schema/limits.ts";
import type { LiveEntry, LiveStore } from "./store.ts";
import { LiveText } from "./text.ts";

interface Slot extends LiveEntry {
  /** Made when it is sent first. */
  made: LiveText | null;
}

const slotOf = (entry: LiveEntry): Slot => ({ ...entry, made: null });

export class LiveLog {
  readonly #store: LiveStore;
  /** By rising position. Positions between two of them expired or collapsed before this node learned of them. */
  readonly #slots: Slot[];
  #floor: number;
  #head: number;
  /** Position up to which all is on disk. */
  #saved: number;

  /** @param born position that the node began at */
  constructor(store: LiveStore, born: number) {
    this.#store = store;
    const stored = store.list();
    this.#head = stored.at(-1)?.position ?? born;
    this.#saved = this.#head;
    // What an older version stored was not signed at its place: the root is asked for it anew.
    const unsigned = stored.findLast(
      ({ text }) => text !== null && !text.includes('"placeSignature":'),
    );
    // Where positions were left out, slots of the ring still hold what is older than the ring.
    this.#floor = Math.max(...[born, this.#head - LIMITS.LOG_ENTRIES, unsigned?.position ?? 0]);
    this.#slots = stored.filter(({ position }) => position > this.#floor).map(slotOf);
  }

  /** Position of the last broadcast that is here. */
  get head(): number {
    return this.#head;
  }

  /** All that is still worth sending of what came after this position is here. */
  get floor(): number {
    return this.#floor;
  }

  /** Takes the next broadcast; `save` stores it. */
  append(entry: LiveEntry): void {
    this.#slots.push(slotOf(entry));
    this.#head = entry.position;
    const oldest = this.#head - LIMITS.LOG_ENTRIES;
    while ((this.#slots[0]?.position ?? this.#head) <= oldest) this.#slots.shift();
    this.#floor = Math.max(this.#floor, oldest);
  }

  /** Writes what is not on disk: one row for each. */
  save(): void {
    for (const { made: _, ...entry } of this.#slots) {
      if (entry.position > this.#saved) {
        this.#store.put(entry.position % LIMITS.LOG_ENTRIES, entry);
      }
    }
  }

  /** What `save` wrote up to this position has become durable: until then it writes it again. */
  saved(position: number): void {
    this.#saved = Math.max(this.#saved, position);
  }

  /**
   * Takes broadcasts from before the floor, in memory only: the root has them stored.
   *
   * @param floor what came after it is in `entries`
   */
  extend(entries: readonly LiveEntry[], floor: number): void {
    this.#slots.unshift(...entries.filter(({ position }) => position <= this.#floor).map(slotOf));
    this.#floor = Math.min(this.#floor, floor);
  }

  /**
   * The first after a position that is to be sent; null where there is none up to the head.
   *
   * @param isLive whether the listener has been here for all of them: then ttl 0 broadcasts are for it, too
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

  /** The last broadcast, for one who has everything before it; null where it is not to be sent. */
  last(now: number): LiveText | null {
    const slot = this.#slots.at(-1);
    if (slot === undefined || slot.text === null) return null;
    if (slot.expiresAt !== null && slot.expiresAt <= now) return null;
    slot.made ??= new LiveText(slot.text, slot.position, null);
    return slot.made;
  }

  /** Most listeners are at the end, so it is looked for from there. */
  #indexAfter(position: number): number {
    let at = this.#slots.length;
    while (at > 0 && (this.#slots[at - 1]?.position ?? 0) > position) at--;
    return at;
  }

  #isCollapsed(at: number, { collapseKey }: Slot): boolean {
    if (collapseKey === null) return false;
    for (let later = at + 1; later < this.#slots.length; later++) {
      const slot = this.#slots[later];
      // One of ttl 0 replaces nothing: whoever comes back now never hears it.
      const replaces = slot !== undefined && slot.text !== null && slot.expiresAt !== null;
      if (replaces && slot.collapseKey === collapseKey) return true;
    }
    return false;
  }
}
