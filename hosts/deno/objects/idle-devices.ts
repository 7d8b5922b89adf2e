/**
 * Alarms for devices that have none: those of a database from before accounts that nobody uses were erased, or of an import.
 * Every device of since then has one from its first registration on.
 */
import type { Database } from "../store/database.ts";
import type { Alarms } from "./alarms.ts";

/** Devices looked at in one step: below 1 ms. */
const STEP_COUNT = 1_000;
/** Their alarms are spread over a day: each wakes its device. */
const SPREAD_MS = 86_400_000;

export class IdleDevices {
  readonly #db: Database;
  readonly #alarms: Alarms;
  /** Number of the last device that was looked at; null once all were. */
  #last: number | null = 0;

  constructor(db: Database, alarms: Alarms) {
    this.#db = db;
    this.#alarms = alarms;
  }

  /** Looks at some more of them; does nothing once it has seen all. */
  step(now = Date.now()): void {
    // A full disk is not asked for more.
    if (this.#last === null || this.#db.isFailing) return;
    const rows = this.#db.all<{ id: number; at: number | null }>(
      `SELECT id, at FROM devices LEFT JOIN alarms ON device = id WHERE id > ? ORDER BY id LIMIT ${STEP_COUNT}`,
      this.#last,
    );
    let earliest = Number.POSITIVE_INFINITY;
    for (const { id, at } of rows) {
      if (at !== null) continue;
      const alarmAt = now + ((id * STEP_COUNT) % SPREAD_MS);
      this.#db.run("INSERT OR IGNORE INTO alarms (device, at) VALUES (?, ?)", id, alarmAt);
      earliest = Math.min(earliest, alarmAt);
    }
    this.#last = rows.length < STEP_COUNT ? null : (rows.at(-1)?.id ?? null);
    if (earliest !== Number.POSITIVE_INFINITY) this.#alarms.lookAt(earliest);
  }
}
