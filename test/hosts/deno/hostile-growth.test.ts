/**
 * What devices of strangers make goes again: accounts, registrations, tags and aliases by the thousand, then months in which
 * none of them comes back. With another count and seed: `GROWTH_DEVICES=20000 GROWTH_SEED=7 npx vitest run --project hosts
 * test/hosts/deno/hostile-growth.test.ts`; it prints what it measured.
 */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { SEQ_EPOCH_MS } from "../../../core/message/clock.ts";
import { collector } from "../../../hosts/deno/collect.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { random } from "../../chaos/random.ts";
import { openedApp, openMesh, passTime, quiet, TestDevice, turn } from "./support/mesh.ts";
import { fakeTime } from "./support/time.ts";

const DEVICES = Number(process.env["GROWTH_DEVICES"] ?? 300);
const SEED = Number(process.env["GROWTH_SEED"] ?? 1);
/** Devices in use, which stay. */
const HONEST = 200;
/** At one time. */
const CROWD = 250;
/** What the engine itself takes while the test warms up: up to 1,700 KiB of it (measured at 300 devices). */
const ENGINE_KIB = 4_096;
const DAY_MS = 86_400_000;
const START_MS = 1_793_491_200_000;
const SLEEP_MS = 30_000;

beforeEach(() => fakeTime(START_MS));
afterEach(() => {
  vi.useRealTimers();
});

test(`P8.12 what ${DEVICES} hostile devices made is gone some months later, in memory and on disk`, async () => {
  const { mesh, db, reported } = openMesh();
  const collect = collector();
  const chance = random(SEED);
  const { appId } = await openedApp(mesh);
  const honest: TestDevice[] = [];

  const open = async (device: TestDevice) => {
    const made = Math.floor((Date.now() - SEQ_EPOCH_MS) / 1_000);
    const link = await device.connect({}, made);
    const end = link.device;
    end.command({ kind: "register", value: { request: 1, appId } });
    await end.expect("registered");
    return link;
  };
  const visit = async (isHonest: boolean): Promise<void> => {
    const device = await TestDevice.create(mesh);
    const link = await open(device);
    const end = link.device;
    const made = `made-up-${chance.next()}`;
    const add = isHonest ? ["news"] : [made, `${made}-2`];
    end.command({ kind: "subscribe", value: { request: 2, slot: 1, add, remove: [] } });
    await end.expect("done");
    if (isHonest) honest.push(device);
    else {
      const alias = { alias: made, held: true, shared: false };
      end.command({ kind: "setAlias", value: { request: 3, slot: 1, ...alias } });
      await end.expect("done");
      // Some clean up behind them.
      if (chance.chance(0.3)) {
        end.command({ kind: "unregister", value: { request: 4, slot: 1 } });
        await end.expect("unregistered");
      }
    }
    link.lose();
  };
  const crowd = async (count: number, isHonest: boolean): Promise<void> => {
    for (let n = 0; n < count; n += CROWD) {
      const size = Math.min(CROWD, count - n);
      await Promise.all(Array.from({ length: size }, () => visit(isHonest)));
      await rest();
    }
  };
  /** All objects fall asleep that have nothing to do. */
  const rest = async (): Promise<void> => {
    await quiet(mesh);
    await passTime(mesh, SLEEP_MS);
    await quiet(mesh);
  };
  const measure = async () => {
    await rest();
    // Names of objects that left are forgotten by finalizers, which run in turns of their own after a collection.
    for (let n = 0; n < 5; n++) {
      collect();
      for (let turns = 0; turns < 20; turns++) await turn();
    }
    const number = (pragma: string) =>
      Number(Object.values(db.get<Record<string, number>>(`PRAGMA ${pragma}`) ?? {})[0]);
    const rowsOf = (table: string) =>
      db.get<{ n: number }>(`SELECT count(*) AS n FROM ${table}`)?.n ?? 0;
    const pages = number("page_count") - number("freelist_count");
    return {
      diskKiB: (pages * number("page_size")) / 1_024,
      heapKiB: Math.round(process.memoryUsage().heapUsed / 1_024),
      devices: rowsOf("devices"),
      nodes: rowsOf("tag_nodes"),
      aliases: rowsOf("aliases"),
    };
  };
  const ringAll = async (table: "alarms" | "node_alarms"): Promise<void> => {
    const [owner, id] = table === "alarms" ? ["devices", "device"] : ["tag_nodes", "node"];
    const due = db.all<{ name: string }>(
      `SELECT name FROM ${table} JOIN ${owner} ON id = ${id} WHERE at <= ?`,
      Date.now(),
    );
    for (let n = 0; n < due.length; n += CROWD) {
      await Promise.all(
        due
          .slice(n, n + CROWD)
          .map(({ name }) =>
            table === "alarms" ? mesh.device(name).onDeadline() : mesh.nodes.get(name).alarm(),
          ),
      );
    }
  };

  await crowd(HONEST, true);
  const before = await measure();
  await crowd(DEVICES, false);
  const peak = await measure();
  const days = LIMITS.DEVICE_IDLE_MS / DAY_MS + LIMITS.DEVICE_IDLE_LOOKS + 6;
  for (let day = 1; day <= days; day++) {
    vi.setSystemTime(START_MS + day * DAY_MS);
    if (day % 20 === 0)
      for (const device of honest) {
        (await open(device)).lose();
      }
    await ringAll("alarms");
    await rest();
    await ringAll("node_alarms");
  }
  const after = await measure();
  console.log(JSON.stringify({ seed: SEED, hostile: DEVICES, before, peak, after }));
  expect(reported).toEqual([]);
  expect(peak.devices).toBe(HONEST + DEVICES);
  expect(after.devices).toBe(HONEST);
  expect(after.aliases).toBe(0);
  expect(after.diskKiB).toBeLessThanOrEqual(before.diskKiB * 1.1);
  expect(after.heapKiB).toBeLessThanOrEqual(before.heapKiB * 1.1 + ENGINE_KIB);
}, 600_000);
