/** What a node of a simulated tag keeps: in memory, and counted. */
import type { LogEntry } from "../../core/tag/calls/broadcast.ts";
import type {
  LogHeader,
  LogRecord,
  LogState,
  MemberCount,
  MemberRecord,
  NodeRecord,
  TagStore,
} from "../../core/tag/store.ts";

interface Slot {
  readonly entry: LogEntry;
  state: LogState | null;
}

const headerOf = ({ data, ...rest }: LogEntry): LogHeader => ({ ...rest, bytes: data.length });

export class CountedStore implements TagStore {
  #node: NodeRecord | null = null;
  readonly #members = new Map<number, MemberRecord>();
  readonly #log = new Map<number, Slot>();
  readonly #onRow: () => void;

  /** @param onRow called for every row that is written */
  constructor(onRow: () => void) {
    this.#onRow = onRow;
  }

  readNode(): NodeRecord | null {
    return this.#node;
  }

  writeNode(record: NodeRecord): void {
    this.#onRow();
    this.#node = record;
  }

  erase(): void {
    this.#onRow();
    this.#node = null;
    this.#members.clear();
    this.#log.clear();
  }

  listMembers(): MemberRecord[] {
    return [...this.#members.values()];
  }

  readMember(device: string): MemberRecord | null {
    return this.listMembers().find((member) => member.device === device) ?? null;
  }

  countMembers(): MemberCount {
    const places = this.listMembers().map(({ place }) => place + 1);
    return { members: places.length, places: Math.max(0, ...places) };
  }

  putMember(record: MemberRecord): void {
    this.#onRow();
    this.#members.set(record.place, record);
  }

  deleteMember(place: number, device: string): void {
    if (this.#members.get(place)?.device !== device) return;
    this.#onRow();
    this.#members.delete(place);
  }

  listLog(): { readonly header: LogHeader; readonly state: LogState | null }[] {
    const slots = [...this.#log.values()].sort((a, b) => a.entry.position - b.entry.position);
    return slots.map(({ entry, state }) => ({ header: headerOf(entry), state }));
  }

  /** It simulates none. */
  listScheduled(): LogRecord[] {
    return [];
  }

  deleteEntry(slot: number): void {
    this.#onRow();
    this.#log.delete(slot);
  }

  readEntry(slot: number): LogRecord | null {
    const kept = this.#log.get(slot);
    if (kept === undefined) return null;
    return { header: headerOf(kept.entry), state: kept.state };
  }

  readData(slot: number, position: number): Uint8Array | null {
    const kept = this.#log.get(slot);
    return kept?.entry.position === position ? kept.entry.data : null;
  }

  putEntry(slot: number, entry: LogEntry, state: LogState | null): void {
    this.#onRow();
    this.#log.set(slot, { entry, state });
  }

  writeState(slot: number, state: LogState): void {
    this.#onRow();
    const kept = this.#log.get(slot);
    if (kept !== undefined) kept.state = state;
  }
}
