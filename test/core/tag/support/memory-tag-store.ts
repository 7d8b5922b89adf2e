/** A tag's store in memory, which counts the rows that are written. */
import type { LogEntry } from "../../../../core/tag/calls/broadcast.ts";
import {
  type LogRecord,
  type LogState,
  type MemberCount,
  type MemberRecord,
  type NodeRecord,
  SCHEDULED_SLOT,
  type TagStore,
} from "../../../../core/tag/store.ts";

export class MemoryTagStore implements TagStore {
  rows = 0;
  #node: NodeRecord | null = null;
  readonly #members = new Map<number, MemberRecord>();
  readonly #log = new Map<number, { entry: LogEntry; state: LogState | null }>();

  get exists(): boolean {
    return this.#node !== null;
  }

  /** Records are copied on their way in and out, so the maps are enough. */
  copy<Copy extends MemoryTagStore>(copy: Copy): Copy {
    copy.rows = this.rows;
    copy.#node = this.#node;
    for (const [place, record] of this.#members) copy.#members.set(place, record);
    for (const [slot, kept] of this.#log) copy.#log.set(slot, { ...kept });
    return copy;
  }

  readNode(): NodeRecord | null {
    return structuredClone(this.#node);
  }

  writeNode(record: NodeRecord): void {
    this.rows++;
    this.#node = structuredClone(record);
  }

  erase(): void {
    this.rows++;
    this.#node = null;
    this.#members.clear();
    this.#log.clear();
  }

  listMembers(): MemberRecord[] {
    return structuredClone([...this.#members.values()]);
  }

  readMember(device: string): MemberRecord | null {
    return this.listMembers().find((member) => member.device === device) ?? null;
  }

  countMembers(): MemberCount {
    const places = this.listMembers().map(({ place }) => place + 1);
    return { members: places.length, places: Math.max(0, ...places) };
  }

  putMember(record: MemberRecord): void {
    this.rows++;
    this.#members.set(record.place, structuredClone(record));
  }

  deleteMember(place: number, device: string): void {
    if (this.#members.get(place)?.device !== device) return;
    this.rows++;
    this.#members.delete(place);
  }

  listLog(): LogRecord[] {
    return [...this.#log]
      .filter(([slot]) => slot < SCHEDULED_SLOT)
      .map(([, kept]) => kept)
      .sort((a, b) => a.entry.position - b.entry.position)
      .map(recordOf);
  }

  listScheduled(): LogRecord[] {
    return [...this.#log].flatMap(([slot, kept]) => (slot < SCHEDULED_SLOT ? [] : recordOf(kept)));
  }

  deleteEntry(slot: number): void {
    this.rows++;
    this.#log.delete(slot);
  }

  readEntry(slot: number): LogRecord | null {
    const kept = this.#log.get(slot);
    if (kept === undefined) return null;
    return recordOf(kept);
  }

  readData(slot: number, position: number): Uint8Array | null {
    const kept = this.#log.get(slot);
    return kept?.entry.position === position ? kept.entry.data : null;
  }

  putEntry(slot: number, entry: LogEntry, state: LogState | null): void {
    this.rows++;
    this.#log.set(slot, structuredClone({ entry, state }));
  }

  writeState(slot: number, state: LogState): void {
    this.rows++;
    const standing = this.#log.get(slot);
    if (standing === undefined) throw new Error(`no entry in slot ${slot}`);
    standing.state = structuredClone(state);
  }
}

function recordOf({ entry, state }: { entry: LogEntry; state: LogState | null }): LogRecord {
  const { data, ...rest } = entry;
  return {
    header: { ...structuredClone(rest), bytes: data.length },
    state: structuredClone(state),
  };
}
