/** The alarms of all objects of a kind: a row each, and one timer for the earliest. Each fires at least once, even after a restart. */
import type { AlarmRow } from "../store/alarm-row.ts";
import type { Database } from "../store/database.ts";

/** The longest timer: when it ends, a clock that jumped forward is noticed. A look costs one query. */
const TIMER_MAX_MS = 60_000;
/** After a failed alarm: as on Workers, which retry a failed alarm from 2 s on. Longer than a write waits to be deferred. */
const RETRY_MS = 2_000;
/** Objects rung in one turn, so that many alarms at the same time do not delay everything else. */
const TURN_COUNT = 100;

/** Most rows that one look reads: enough to read past a turn's rows that are held. */
const LOOK_COUNT = 2 * TURN_COUNT + 1;

export interface AlarmQueries {
  /** The earliest alarms after a time and an object's number, up to a limit. */
  readonly earliest: string;
  /** The alarm of one name. */
  readonly one: string;
}

/** In two halves: SQLite uses the index for each, but not for `(at, object) > (?, ?)`, and thousands may be due at once. */
const queriesOf = (alarms: string, object: string, names: string): AlarmQueries => ({
  earliest: `SELECT name, at, id FROM (
    SELECT * FROM (SELECT at, ${object} FROM ${alarms} WHERE at = ?1 AND ${object} > ?2 ORDER BY ${object} LIMIT ?3)
    UNION ALL SELECT * FROM (SELECT at, ${object} FROM ${alarms} WHERE at > ?1 ORDER BY at, ${object} LIMIT ?3)
    ORDER BY at, ${object} LIMIT ?3
  ) JOIN ${names} ON id = ${object} ORDER BY at, id`,
  one: `SELECT at FROM ${alarms} JOIN ${names} ON id = ${object} WHERE name = ?`,
});

export const EARLIEST = {
  devices: queriesOf("alarms", "device", "devices"),
  nodes: queriesOf("node_alarms", "node", "tag_nodes"),
  webhooks: queriesOf("webhook_alarms", "webhook", "webhooks"),
} as const;

interface Row {
  readonly name: string;
  readonly at: number;
  readonly id: number;
}

type Place = Omit<Row, "name">;

const BEGINNING: Place = { at: Number.NEGATIVE_INFINITY, id: -1 };

/** Why an object is not rung yet, though its alarm is due. */
interface Resting {
  /** The alarm that has rung: one that was set since rings in time. Null if no other may ring either. */
  readonly at: number | null;
  readonly until: number;
}

export class Alarms {
  readonly #db: Database;
  readonly #queries: AlarmQueries;
  readonly #ring: (name: string) => Promise<void>;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #timerAt = Number.POSITIVE_INFINITY;
  readonly #ringing = new Set<string>();
  /** By name, the earliest first: those that have failed, or were rung while the row is still there, for it goes with a later write. */
  readonly #resting = new Map<string, Resting>();
  /** If many ring or rest, looks start after this row: otherwise each would read all of them again. */
  #after = BEGINNING;
  /** When a look last started at the beginning. */
  #begunAt = 0;
  #stopped = false;

  /**
   * @param queries of `EARLIEST`
   * @param ring wakes the object of this name, which clears its alarm or sets it again; may take long. If it fails, the
   *   alarm is rung again
   */
  constructor(db: Database, queries: AlarmQueries, ring: (name: string) => Promise<void>) {
    this.#db = db;
    this.#queries = queries;
    this.#ring = ring;
    // Looks may have passed over a row that was gone, or was set later, and stands again.
    db.onRollback(() => this.#lookAgain());
  }

  start(): void {
    this.#set(Date.now());
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  /** Sets an object's alarm if it must ring earlier than it does now. */
  expect(row: AlarmRow, deadline: number | null): void {
    if (deadline === null || row.id === null) return;
    if (row.alarmAt !== null && row.alarmAt <= deadline) return;
    row.setAlarm(deadline);
    this.lookAt(deadline);
  }

  /** To be called when an alarm was set for this time without an object. */
  lookAt(at: number): void {
    if (at <= this.#after.at) this.#after = { at, id: -1 };
    this.#set(at);
  }

  /** Looks from the beginning; not at once, because thousands of writes may fail. */
  #lookAgain(): void {
    this.#begunAt = Number.NEGATIVE_INFINITY;
    this.#set(Date.now() + RETRY_MS);
  }

  #set(at: number): void {
    if (at >= this.#timerAt || this.#stopped) return;
    clearTimeout(this.#timer);
    this.#timerAt = at;
    const wait = Math.min(Math.max(at - Date.now(), 0), TIMER_MAX_MS);
    this.#timer = setTimeout(() => this.#look(), wait);
  }

  /** Rings what is due, and schedules the next look for the rest. */
  #look(): void {
    this.#timerAt = Number.POSITIVE_INFINITY;
    const now = Date.now();
    this.#ringDue(now, TURN_COUNT - this.#lookAtResting(now));
  }

  /** @returns how many were looked at: no more than a turn's */
  #lookAtResting(now: number): number {
    let looked = 0;
    for (const [name, { until }] of this.#resting) {
      // No rest takes longer, so the clock was set back.
      const isOver = until <= now || until > now + RETRY_MS;
      if (!isOver || looked === TURN_COUNT) {
        this.#set(isOver ? now : until);
        break;
      }
      looked++;
      this.#resting.delete(name);
      const at = this.#alarmOf(name);
      if (at === undefined) continue;
      if (at <= now) void this.#ringOne(name, at);
      else this.lookAt(at);
    }
    return looked;
  }

  #ringDue(now: number, room: number): void {
    // Now and then even if many do, because the clock may have been set.
    const isLongAgo = Math.abs(now - this.#begunAt) >= TIMER_MAX_MS;
    if (isLongAgo || this.#ringing.size + this.#resting.size <= TURN_COUNT) {
      this.#after = BEGINNING;
      this.#begunAt = now;
    }
    const { at: afterAt, id: afterId } = this.#after;
    const rows = this.#db.all<Row>(this.#queries.earliest, afterAt, afterId, LOOK_COUNT);
    let left = room;
    for (const { name, at, id } of rows) {
      const rests = this.#resting.get(name);
      const isHeld =
        this.#ringing.has(name) || (rests !== undefined && (rests.at === null || rests.at === at));
      if (at > now || (!isHeld && left === 0)) {
        this.#set(at);
        return;
      }
      this.#after = { at, id };
      if (isHeld) continue;
      left--;
      void this.#ringOne(name, at);
    }
    if (rows.length === LOOK_COUNT) this.#set(now);
  }

  async #ringOne(name: string, at: number): Promise<void> {
    this.#resting.delete(name);
    this.#ringing.add(name);
    let rung: number | null = at;
    try {
      await this.#ring(name);
    } catch {
      // Already reported.
      rung = null;
    }
    this.#ringing.delete(name);
    if (this.#stopped) return;
    const standing = this.#alarmOf(name);
    if (rung !== null && standing !== at) {
      // Looks have passed over it.
      if (standing !== undefined) this.lookAt(standing);
      return;
    }
    const until = Date.now() + RETRY_MS;
    this.#resting.set(name, { at: rung, until });
    this.#set(until);
  }

  #alarmOf(name: string): number | undefined {
    return this.#db.get<{ at: number }>(this.#queries.one, name)?.at;
  }
}
