/**
 * Sets later what alarms are due at once when workerd starts: it rings all of them as it comes up, and opens a database for each
 * (objects/capacity/alarm-room.ts). An object whose own alarm is overdue does what is due when this one comes (measured).
 */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { alarmsFor, placeAlarm } from "../../objects/capacity/alarm-room.ts";
import { AWAKE_MS } from "../../objects/capacity/awake.ts";
import { uniqueKeyOf } from "./config.ts";

/** In the folder of each class. */
const ALARMS = "metadata.sqlite";
/** There are most of them, and theirs wait mostly for messages to expire: others' come before. */
const LAST = uniqueKeyOf("DeviceObject");
const MS = 1_000_000n;

/**
 * Only while no workerd runs.
 *
 * @param storage folder of the databases
 * @param maxLinks that there are descriptors for
 * @param now milliseconds since 1970
 * @returns how many were set later
 */
export function spreadAlarms(storage: string, maxLinks: number, now: number): number {
  if (!existsSync(storage)) return 0;
  const most = alarmsFor(maxLinks);
  const classes = readdirSync(storage).filter((name) => existsSync(join(storage, name, ALARMS)));
  const isLast = (name: string) => Number(name === LAST);
  let moved = 0;
  const counts = new Map<number, number>();
  for (const name of classes.toSorted((a, b) => isLast(a) - isLast(b))) {
    let database: DatabaseSync | null = null;
    let last = 0;
    try {
      database = new DatabaseSync(join(storage, name, ALARMS));
      moved += spread(database, (dueAt) => {
        const at = Math.max(dueAt, now);
        // They come in the order of their times: before the stretch that the last one went to all are full.
        const time = placeAlarm(counts, most, at, last);
        if (time === at) return dueAt;
        last = Math.floor(time / AWAKE_MS);
        return time;
      });
    } catch {
      // Damaged, or the disk is full: workerd says so, or goes on as it can.
    } finally {
      database?.close();
    }
  }
  return moved;
}

/** @param timeOf when one may come that is due then */
function spread(database: DatabaseSync, timeOf: (dueAt: number) => number): number {
  // A class that was never asked has none.
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
