/**
 * What is made of tags goes again: trees, logs, live nodes and rows of the directory, by the hundred, then two days in which nobody
 * comes back. With another count: `GROWTH_TAGS=2000 npx vitest run --project hosts test/hosts/deno/hostile-tags.test.ts`; it
 * prints what it measured.
 */
import { randomBytes } from "node:crypto";
import { afterEach, expect, test, vi } from "vitest";
import { liveObjectName, nodeObjectName, tagIdOf } from "../../../core/tag/name.ts";
import { collector } from "../../../hosts/deno/collect.ts";
import type { Mesh } from "../../../hosts/deno/objects/mesh.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { TestListener } from "../../core/live/support/rig.ts";
import { openMesh, passTime, quiet, turn } from "./support/mesh.ts";
import { fakeTime } from "./support/time.ts";

const TAGS = Number(process.env["GROWTH_TAGS"] ?? 50);
/** In nodes of so few that each tag has a tree. */
const [MEMBERS, NODE_MEMBERS] = [12, 2];
/** Tags in use, which stay. */
const HONEST = 25;
/** What the engine itself takes while the test warms up. */
const ENGINE_KIB = 6_144;
/** At one time: they share commits. */
const CROWD = 25;
const app = "AAAAAAAAAAA";
const TABLES = ["tag_nodes", "tag_members", "tag_log", "node_alarms", "tag_directory"] as const;
const LIVE_TABLES = ["live_nodes", "live_log"] as const;

afterEach(() => {
  vi.useRealTimers();
});

const rootOf = (mesh: Mesh, tag: string) => nodeOf(mesh, tag, "");
const nodeOf = (mesh: Mesh, tag: string, path: string) =>
  mesh.nodes.get(nodeObjectName({ app, tagId: tagIdOf(app, tag), path }));

/** @returns the node that the device is a member of */
async function join(mesh: Mesh, tag: string, device: string): Promise<string> {
  let born: number | null = null;
  for (let path = ""; ; ) {
    const request = { tag, device, find: false, born, attach: false, epoch: 1 };
    const answer = await nodeOf(mesh, tag, path).join(request);
    if (!("kind" in answer) || (answer.kind !== "joined" && answer.kind !== "child"))
      throw new Error("it cannot join");
    if (answer.kind === "joined") return path;
    path += answer.digit;
    born = answer.born;
  }
}

async function broadcast(mesh: Mesh, tag: string): Promise<void> {
  const answer = await rootOf(mesh, tag).broadcast({
    ...{ app, cover: [tag], condition: null, filter: null, lane: 2, contentType: 2 },
    key: Uint8Array.from(randomBytes(9)),
    data: new Uint8Array(1_024),
    ...{ ttlSeconds: 3_600, collapseKey: null, pace: null, signature: null },
  });
  expect(answer).toMatchObject({ ok: true });
}

/** Fills a tag, and empties it again where it is not honest. */
async function use(mesh: Mesh, tag: string, isHonest: boolean): Promise<void> {
  const devices = Array.from({ length: MEMBERS }, () => randomBytes(16).toString("base64url"));
  const paths: string[] = [];
  for (const device of devices) paths.push(await join(mesh, tag, device));
  const live = mesh.liveNodes.get(
    liveObjectName({ app, tagId: tagIdOf(app, tag), region: "local", n: 0 }),
  );
  const listener = new TestListener();
  await live.prepare(tag, null);
  live.join(listener, null, { until: Date.now() + 3_600_000, key: 1, trust: 1 });
  await broadcast(mesh, tag);
  if (isHonest) return;
  live.leave(listener);
  for (const [at, device] of devices.entries())
    expect(await nodeOf(mesh, tag, paths[at] ?? "").leave({ device, epoch: 1 })).toBe(true);
}

test(`P8.11 what is made of ${TAGS} tags is gone two days later, in memory and on disk`, async () => {
  fakeTime();
  const { mesh, db, reported } = openMesh(undefined, { nodeMembers: NODE_MEMBERS });
  const collect = collector();
  const pass = async (ms: number) => {
    await passTime(mesh, ms);
    await quiet(mesh);
  };
  const rowsOf = (table: string) =>
    db.get<{ n: number }>(`SELECT count(*) AS n FROM ${table}`)?.n ?? 0;
  const measure = async () => {
    for (let n = 0; n < 5; n++) {
      collect();
      for (let turns = 0; turns < 20; turns++) await turn();
    }
    const number = (pragma: string) =>
      Number(Object.values(db.get<Record<string, number>>(`PRAGMA ${pragma}`) ?? {})[0]);
    return {
      diskKiB: ((number("page_count") - number("freelist_count")) * number("page_size")) / 1_024,
      heapKiB: Math.round(process.memoryUsage().heapUsed / 1_024),
      ...Object.fromEntries([...TABLES, ...LIVE_TABLES].map((each) => [each, rowsOf(each)])),
    } as Record<
      "diskKiB" | "heapKiB" | (typeof TABLES)[number] | (typeof LIVE_TABLES)[number],
      number
    >;
  };

  const crowd = async (count: number, name: string, isHonest: boolean) => {
    for (let n = 0; n < count; n += CROWD) {
      const size = Math.min(CROWD, count - n);
      const tags = Array.from({ length: size }, (_, at) => `${name}-${n + at}`);
      await Promise.all(tags.map((tag) => use(mesh, tag, isHonest)));
    }
  };

  await crowd(HONEST, "honest", true);
  await pass(10 * 60_000);
  const before = await measure();
  await crowd(TAGS, "made-up", false);
  await pass(60_000);
  const peak = await measure();
  // A jump, and then the time that children and their parents take to tell each other.
  vi.setSystemTime(Date.now() + LIMITS.TAG_STATUS_MS + 3_600_000);
  await pass(15 * 60_000);
  const after = await measure();
  console.log(JSON.stringify({ tags: TAGS, members: MEMBERS, before, peak, after }));
  expect(reported).toEqual([]);
  expect(peak.tag_nodes).toBeGreaterThan(before.tag_nodes + 4 * TAGS);
  for (const table of [...TABLES, ...LIVE_TABLES])
    expect.soft(after[table], table).toBeLessThanOrEqual(before[table]);
  expect(after.tag_members).toBe(HONEST * MEMBERS);
  expect(after.diskKiB).toBeLessThanOrEqual(before.diskKiB * 1.1);
  expect(after.heapKiB).toBeLessThanOrEqual(before.heapKiB * 1.1 + ENGINE_KIB);
}, 600_000);
