/** Alarms that are due at once when workerd starts where descriptors are few. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { spreadAlarms } from "../../../hosts/workerd/spread-alarms.ts";
import { AWAKE_MS } from "../../../objects/capacity/awake.ts";
import { temporaryFolder } from "../../mesh/support/process.ts";

const NOW = Date.UTC(2026, 10, 30);
/** Eight alarms at a time. */
const MAX_LINKS = 24;

/** @returns the file of a class's alarms, as workerd makes it, with so many at each of these times */
function alarms(storage: string, name: string, times: readonly number[]): DatabaseSync {
  mkdirSync(join(storage, name));
  const database = new DatabaseSync(join(storage, name, "metadata.sqlite"));
  database.exec(
    "CREATE TABLE _cf_ALARM (actor_id TEXT PRIMARY KEY, scheduled_time INTEGER, actor_name TEXT) WITHOUT ROWID",
  );
  const add = database.prepare("INSERT INTO _cf_ALARM VALUES (?, ?, NULL)");
  for (const [index, at] of times.entries())
    add.run(`${index}`.padStart(2, "0"), BigInt(at) * 1_000_000n);
  return database;
}

/** In their order. */
const timesOf = (database: DatabaseSync): number[] =>
  database
    .prepare("SELECT scheduled_time / 1000000 AS at FROM _cf_ALARM ORDER BY actor_id")
    .all()
    .map(({ at }) => Number(at));

test("H5 of alarms that are overdue at a start, no more come at once than may be awake, and none is lost", () => {
  const storage = temporaryFolder();
  const later = NOW + 10 * AWAKE_MS;
  const devices = alarms(storage, "pushmesh-DeviceObject", [...Array(40).fill(NOW - 1), later]);
  const tags = alarms(storage, "pushmesh-TagObject", Array(3).fill(NOW - 1));
  expect(spreadAlarms(storage, MAX_LINKS, NOW)).toBe(35);
  // What tags do waits for no device.
  expect(timesOf(tags)).toEqual(Array(3).fill(NOW - 1));
  const times = timesOf(devices);
  expect(times.slice(0, 5)).toEqual(Array(5).fill(NOW - 1));
  const counts = Map.groupBy(times.slice(5, 40), (at) => Math.floor(at / AWAKE_MS));
  expect([...counts.values()].map(({ length }) => length)).toEqual([8, 8, 8, 8, 3]);
  expect(times[40]).toBe(later);
  // What has its time already keeps it.
  expect(spreadAlarms(storage, MAX_LINKS, NOW)).toBe(0);
});

test("H5 alarms that cannot be read or written keep no mesh from its start", () => {
  const storage = temporaryFolder();
  mkdirSync(join(storage, "pushmesh-TagObject"));
  writeFileSync(join(storage, "pushmesh-TagObject", "metadata.sqlite"), "no database at all");
  alarms(storage, "pushmesh-DeviceObject", Array(9).fill(NOW - 1));
  expect(spreadAlarms(storage, MAX_LINKS, NOW)).toBe(1);
});

test("H5 alarms that there is room for keep their times", () => {
  const storage = temporaryFolder();
  const times = Array.from({ length: 40 }, (_, index) => NOW + index * 2_000);
  const devices = alarms(storage, "pushmesh-DeviceObject", times);
  expect(spreadAlarms(storage, MAX_LINKS, NOW)).toBe(0);
  expect(timesOf(devices)).toEqual(times);
});
