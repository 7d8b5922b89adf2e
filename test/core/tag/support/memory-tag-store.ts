/** A tag's store in memory, which counts the rows that are written. */
import type { LogState, MemberRecord, NodeRecord, TagStore } from "../../../../core/tag/store.ts";
import type { LogEntry } from "../../../../core/tag/types.ts";

export class MemoryTagStore implements TagStore {
  rows = 0;
  #node: NodeRecord | null = null;
  readonly #members = new Map<number, MemberRecord>();
  readonly #log = new Map<number, { entry: LogEntry; state: LogState | null }>();

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

  putMember(record: MemberRecord): void {
    this.rows++;
    this.#members.set(record.place, structuredClone(record));
  }

  deleteMember(place: number, device: string): void {
    if (this.#members.get(place)?.device !== device) return;
    this.rows++;
    this.#members.delete(place);
  }

  listLog() {
    return [...this.#log.values()]
      .sort((a, b) => a.entry.position - b.entry.position)
      .map(({ entry: { data, ...rest }, state }) => ({
        header: { ...structuredClone(rest), bytes: data.length },
        state: structuredClone(state),
      }));
  }

  readData(position: number): Uint8Array | null {
    for (const { entry } of this.#log.values()) {
      if (entry.position === position) return entry.data;
    }
    return null;
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
