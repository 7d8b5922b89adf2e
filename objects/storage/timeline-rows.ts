/** The rows of a device's timelines, on either kind of database. */
import type { TimelineRecord, TimelineStore } from "../../core/device/store.ts";
import { type ObjectTables, Table } from "./table.ts";

const TIMELINES = new Table({
  own: { name: "timelines" },
  shared: { name: "timelines", scope: "device" },
});

const COLUMNS = ["seq", "source", "slot", "key", "ended_at AS endedAt", "events", "options"];
const READ = TIMELINES.select(COLUMNS, { where: "seq = ? AND source = ?" });
const LIST = TIMELINES.select(COLUMNS, { tail: "ORDER BY seq LIMIT ?" });
const COUNT = TIMELINES.select(["count(*) AS count"]);
const PUT = TIMELINES.put(
  ["seq", "source", "slot", "key", "ended_at", "events", "options"],
  ["seq", "source"],
);
const DELETE = TIMELINES.delete(["seq", "source"]);
const DELETE_OF_SLOT = TIMELINES.delete(["slot"]);

/** All of them. */
export const DELETE_TIMELINES = TIMELINES.delete();

/** SQLite's for no limit. */
const ALL = -1;

export class TimelineRows implements TimelineStore {
  readonly #tables: ObjectTables;

  constructor(tables: ObjectTables) {
    this.#tables = tables;
  }

  readTimeline(seq: number, source: string): TimelineRecord | null {
    return this.#tables.get<TimelineRecord>(READ, seq, source) ?? null;
  }

  putTimeline({ seq, source, slot, key, endedAt, events, options }: TimelineRecord): void {
    this.#tables.run(PUT, seq, source, slot, key, endedAt, events, options);
  }

  deleteTimeline(seq: number, source: string): void {
    this.#tables.run(DELETE, seq, source);
  }

  countTimelines(): number {
    return this.#tables.get<{ readonly count: number }>(COUNT)?.count ?? 0;
  }

  listTimelines(limit = ALL): TimelineRecord[] {
    return this.#tables.all<TimelineRecord>(LIST, limit);
  }

  /** Of a registration that is forgotten. */
  deleteOf(slot: number): void {
    this.#tables.run(DELETE_OF_SLOT, slot);
  }
}
