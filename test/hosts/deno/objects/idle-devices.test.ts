/** Accounts that nobody uses leave no row, nor do those of a database from before they were erased. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { IdleDevices } from "../../../../hosts/deno/objects/idle-devices.ts";
import { SharedDeviceStore } from "../../../../hosts/deno/store/device-store.ts";
import { LIMITS } from "../../../../schema/limits.ts";
import { openMesh } from "../support/mesh.ts";
import { fakeTime } from "../support/time.ts";

const DAY_MS = 86_400_000;
const START_MS = 1_793_491_200_000;

beforeEach(() => fakeTime(START_MS));
afterEach(() => {
  vi.useRealTimers();
});

const TABLES = [
  "devices",
  "registrations",
  "mail",
  "device_tags",
  "device_aliases",
  "device_attributes",
  "alarms",
];

test("P8.12 devices of an older version get an alarm, are erased by it with all their rows, and others stay", async () => {
  const { mesh, db, reported } = openMesh();
  // More than one step looks at; most have an alarm already.
  const [armed, count] = [1_000, 1_040];
  const FAR_MS = START_MS + 1_000 * DAY_MS;
  const name = (n: number) => Buffer.from(`device ${n}`.padStart(16)).toString("base64url");
  const link = { session: "s", tokens: [], seqFloor: 0 };
  for (let n = 0; n < count; n++) {
    const store = new SharedDeviceStore(db, name(n));
    const generation = 50_000_000 + n;
    const createdAt = START_MS - 60 * DAY_MS;
    store.writeAccount({ publicKey: "p", generation, createdAt });
    if (n < armed) store.setAlarm(FAR_MS);
    // The last one was here lately.
    store.writeLink({ ...link, lastSeenMs: n === count - 1 ? START_MS : createdAt });
    store.putRegistration({ slot: 1, app: "AAAAAAAAAAA", createdAt, endedAt: null, generation });
    store.writeAttributes(1, { platform: "a", appVersion: null, locale: null, custom: {} });
  }
  db.commit();
  const rowsIn = (table: string) =>
    db.get<{ n: number }>(`SELECT count(*) AS n FROM ${table}`)?.n ?? 0;
  expect(rowsIn("alarms")).toBe(armed);
  const days = 30 + LIMITS.DEVICE_IDLE_LOOKS + 6;
  const idle = new IdleDevices(db, mesh.deviceAlarms);
  for (let steps = 0; steps < 3; steps++) idle.step();
  db.commit();
  expect(rowsIn("alarms")).toBe(count);
  for (let day = 0; day < days; day++) {
    vi.setSystemTime(START_MS + day * DAY_MS);
    for (const { name: due } of db.all<{ name: string }>(
      "SELECT name FROM alarms JOIN devices ON id = device WHERE at <= ?",
      Date.now(),
    ))
      await mesh.device(due).onDeadline();
  }
  db.commit();
  expect(reported).toEqual([]);
  expect(TABLES.map(rowsIn)).toEqual([1, 1, 0, 0, 0, 1, 1].map((rows) => rows && rows + armed));
  expect(new SharedDeviceStore(db, name(count - 1)).listRegistrations()).toMatchObject([
    { endedAt: null },
  ]);
}, 60_000);
