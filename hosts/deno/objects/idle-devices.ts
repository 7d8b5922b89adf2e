/**
 * Sets alarms of devices that have none: those of an import, or of a database older than the erasing of unused accounts.
 * Newer devices have one from their first registration on.
 */
import type { Database } from "../store/database.ts";
import type { Alarms } from "./alarms.ts";

/** Devices checked in one step, which takes less than 1 ms. */
const STEP_COUNT = 1_000;
/** Their alarms are spread over a day: each wakes its device. */
const SPREAD_MS = 86_400_000;

export class IdleDevices {
  readonly #db: Database;
  readonly #alarms: Alarms;
  /** Number of the last checked device; null once all were checked. */
  #last: number | null = 0;

  constructor(db: Database, alarms: Alarms) {
    this.#db = db;
    this.#alarms = alarms;
  }

  /** Checks some more of them; does nothing once all were checked. */
  step(now = Date.now()): void {
    // Asks no more of a full disk.
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
