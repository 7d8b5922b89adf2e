/**
 * Erases what is stored and no longer needed, but has no alarm of its own: empty nodes of tags in an older database, live nodes
 * without listeners, and aliases without holders. Runs once after each start.
 */
import type { Database } from "../store/database.ts";
import type { Alarms } from "./alarms.ts";

/** Rows checked in one step, which takes less than 2 ms. */
const STEP_COUNT = 1_000;
/** Alarms of empty nodes are spread over an hour: each wakes its node. */
const SPREAD_MS = 3_600_000;

export interface LeftoverParts {
  readonly db: Database;
  readonly nodeAlarms: Alarms;
  /** Whether a live node is in memory: it may then have listeners. */
  readonly isAwake: (liveNode: string) => boolean;
  /** Erases an alias that nobody holds, at once or in some minutes. */
  readonly wakeAlias: (name: string) => void;
}

export class Leftovers {
  readonly #parts: LeftoverParts;
  /** Number of the last checked node of a tag, and name of the last live node; null once all were checked. */
  #lastNode: number | null = 0;
  #lastLive: string | null = "";
  /** Likewise, the name of the last alias's object. */
  #lastAlias: string | null = "";

  constructor(parts: LeftoverParts) {
    this.#parts = parts;
  }

  /** Checks some more of them; does nothing once all were checked. */
  step(now = Date.now()): void {
    // Asks no more of a full disk.
    if (this.#parts.db.isFailing) return;
    if (this.#lastNode !== null) this.#lastNode = this.#wakeEmpty(this.#lastNode, now);
    else if (this.#lastLive !== null) this.#lastLive = this.#eraseLive(this.#lastLive);
    else if (this.#lastAlias !== null) this.#lastAlias = this.#wakeAliases(this.#lastAlias);
  }

  /** An empty node has an alarm that erases it, except in a database of an older version. */
  #wakeEmpty(after: number, now: number): number | null {
    const { db, nodeAlarms } = this.#parts;
    const rows = db.all<{ id: number; isIdle: number }>(
      `SELECT id, NOT EXISTS (SELECT 1 FROM tag_members WHERE node = id)
         AND NOT EXISTS (SELECT 1 FROM node_alarms WHERE node = id) AS isIdle
       FROM tag_nodes WHERE id > ? ORDER BY id LIMIT ${STEP_COUNT}`,
      after,
    );
    let earliest = Number.POSITIVE_INFINITY;
    for (const { id, isIdle } of rows) {
      if (isIdle === 0) continue;
      const at = now + ((id * STEP_COUNT) % SPREAD_MS);
      db.run("INSERT OR IGNORE INTO node_alarms (node, at) VALUES (?, ?)", id, at);
      earliest = Math.min(earliest, at);
    }
    if (earliest !== Number.POSITIVE_INFINITY) nodeAlarms.lookAt(earliest);
    return rows.length < STEP_COUNT ? null : (rows.at(-1)?.id ?? null);
  }

  /** The root of its tag has all that a live node stores. */
  #eraseLive(after: string): string | null {
    const { db, isAwake } = this.#parts;
    const rows = db.all<{ name: string }>(
      `SELECT name FROM live_nodes WHERE name > ? ORDER BY name LIMIT ${STEP_COUNT}`,
      after,
    );
    for (const { name } of rows) {
      if (isAwake(name)) continue;
      db.run("DELETE FROM live_log WHERE node = ?", name);
      db.run("DELETE FROM live_nodes WHERE name = ?", name);
    }
    return rows.length < STEP_COUNT ? null : (rows.at(-1)?.name ?? null);
  }

  #wakeAliases(after: string): string | null {
    const { db, wakeAlias } = this.#parts;
    const rows = db.all<{ name: string; isHeld: number }>(
      `SELECT name, json_array_length(record, '$.holders') > 0 AS isHeld
       FROM aliases WHERE name > ? ORDER BY name LIMIT ${STEP_COUNT}`,
      after,
    );
    for (const { name, isHeld } of rows) if (isHeld === 0) wakeAlias(name);
    return rows.length < STEP_COUNT ? null : (rows.at(-1)?.name ?? null);
  }
}
