/**
 * Delays alarms that are due together when workerd starts: it fires all of them at once, and opens a database for each
 * (objects/capacity/alarm-spreader.ts). An object runs its overdue work when the delayed alarm fires (measured).
 */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { alarmsAtOnce, placeAlarm } from "../../objects/capacity/alarm-spreader.ts";
import { AWAKE_MS } from "../../objects/capacity/awake.ts";
import { ALARMS_FILE, uniqueKeyOf } from "./config.ts";

/** Devices come last: they have the most alarms, mostly for the expiry of messages. */
const LAST = uniqueKeyOf("DeviceObject");
const MS = 1_000_000n;

/**
 * To be called only while no workerd runs.
 *
 * @param storage folder of the databases
 * @param maxLinks maximum number of links
 * @param now milliseconds since 1970
 * @returns how many alarms were delayed
 */
export function spreadAlarms(storage: string, maxLinks: number, now: number): number {
  if (!existsSync(storage)) return 0;
  const most = alarmsAtOnce(maxLinks);
  const classes = readdirSync(storage).filter((name) =>
    existsSync(join(storage, name, ALARMS_FILE)),
  );
  const isLast = (name: string) => Number(name === LAST);
  let moved = 0;
  const counts = new Map<number, number>();
  for (const name of classes.toSorted((a, b) => isLast(a) - isLast(b))) {
    let database: DatabaseSync | null = null;
    let last = 0;
    try {
      database = new DatabaseSync(join(storage, name, ALARMS_FILE));
      moved += spread(database, (dueAt) => {
        const at = Math.max(dueAt, now);
        // Alarms come in order, so all periods before the last alarm's are full.
        const time = placeAlarm(counts, most, at, last);
        if (time === at) return dueAt;
        last = Math.floor(time / AWAKE_MS);
        return time;
      });
    } catch {
      // Damaged, or the disk is full: workerd reports it, or works around it.
    } finally {
      database?.close();
    }
  }
  return moved;
}

/** @param timeOf when an alarm may fire that is due at the given time */
function spread(database: DatabaseSync, timeOf: (dueAt: number) => number): number {
  // A class without any call has no table.
  const table = database.prepare("SELECT 1 FROM sqlite_master WHERE name = '_cf_ALARM'");
  if (table.get() === undefined) return 0;
  const read = database.prepare(
    "SELECT actor_id, scheduled_time FROM _cf_ALARM ORDER BY scheduled_time",
  );
  read.setReadBigInts(true);
  const set = database.prepare("UPDATE _cf_ALARM SET scheduled_time = ? WHERE actor_id = ?");
  const moves: { readonly id: string; readonly at: number }[] = [];
  for (const { actor_id, scheduled_time } of read.all()) {
    const dueAt = Number((scheduled_time as bigint) / MS);
    const at = timeOf(dueAt);
    if (at !== dueAt) moves.push({ id: actor_id as string, at });
  }
  if (moves.length === 0) return 0;
  database.exec("BEGIN");
  for (const { id, at } of moves) set.run(BigInt(at) * MS, id);
  database.exec("COMMIT");
  return moves.length;
}
