/** Live nodes in the process that holds them all: when they sleep, what they write, and what a full disk changes. */
import { randomBytes } from "node:crypto";
import { copyFileSync } from "node:fs";
import { afterEach, describe, expect, test, vi } from "vitest";
import { liveObjectName, nodeObjectName, tagIdOf } from "../../../../core/tag/name.ts";
import type { Mesh } from "../../../../hosts/deno/objects/mesh.ts";
import { listeners } from "../../../../objects/capacity/links.ts";
import { StorageError } from "../../../../objects/storage-error.ts";
import { TestListener } from "../../../core/live/support/rig.ts";
import { SOON } from "../../../support/soon.ts";
import { databasePath, openMesh, passTime } from "../support/mesh.ts";
import { countRows } from "../support/rows.ts";
import { fakeTime } from "../support/time.ts";

afterEach(() => {
  vi.useRealTimers();
});

const app = "AAAAAAAAAAA";
const tag = "news";
const tagId = tagIdOf(app, tag);
const nodeOf = (mesh: Mesh) =>
  mesh.liveNodes.get(liveObjectName({ app, tagId, region: "local", n: 0 }));
const rootOf = (mesh: Mesh) => mesh.nodes.get(nodeObjectName({ app, tagId, path: "" }));

const headOf = async (mesh: Mesh): Promise<number> => (await rootOf(mesh).info())?.head ?? 0;

async function listen(mesh: Mesh, after: number | null = null): Promise<TestListener> {
  const listener = new TestListener();
  await nodeOf(mesh).prepare(tag, after);
  // The tag was never opened.
  const pass = { until: Date.now() + 3_600_000, key: 1, trust: 1 };
  nodeOf(mesh).join(listener, after, pass);
  return listener;
}

const send = (mesh: Mesh) =>
  rootOf(mesh).broadcast({
    app,
    cover: [tag],
    condition: null,
    filter: null,
    key: Uint8Array.from(randomBytes(9)),
    lane: 2,
    contentType: 2,
    data: new TextEncoder().encode("hello"),
    ttlSeconds: 3_600,
    collapseKey: null,
    pace: null,
    signature: null,
  });

describe("a live node", () => {
  test("V1 V2 serves its listeners, and resumes after a restart of the process", async () => {
    const path = databasePath();
    const first = openMesh(path);
    const listener = await listen(first.mesh);
    const born = await headOf(first.mesh);
    for (let i = 0; i < 3; i++) await send(first.mesh);
    await vi.waitFor(() => expect(listener.cursors).toEqual([born + 1, born + 2, born + 3]), SOON);
    expect(listeners.size).toBe(1);
    nodeOf(first.mesh).leave(listener);
    expect(listeners.size).toBe(0);
    // As a kill of the process leaves it.
    const copy = databasePath();
    for (const suffix of ["", "-wal"]) copyFileSync(path + suffix, copy + suffix);
    const second = openMesh(copy);
    expect((await listen(second.mesh, born + 1)).cursors).toEqual([born + 2, born + 3]);
    expect([...first.reported, ...second.reported]).toEqual([]);
  });

  test("V7 one row a broadcast, whoever listens", async () => {
    const { mesh, db } = openMesh();
    const all = await Promise.all(Array.from({ length: 5 }, () => listen(mesh)));
    mesh.nodeAlarms.stop();
    const written = countRows(db);
    await send(mesh);
    // At the root when it was taken, with its alarm, and when it was served; and the node's own.
    await vi.waitFor(() => expect(written()).toBe(2 + 1 + 1), SOON);
    for (const { cursors } of all) expect(cursors).toEqual([await headOf(mesh)]);
    expect(db.get("SELECT count(*) AS n FROM live_log")).toEqual({ n: 1 });
  });

  test("V7 leaves memory once nobody listens and that is told", async () => {
    fakeTime();
    const { mesh } = openMesh();
    const listener = await listen(mesh);
    await passTime(mesh, 30_000);
    expect(mesh.liveNodes.awake).toHaveLength(1);
    nodeOf(mesh).leave(listener);
    await passTime(mesh, 30_000);
    expect(mesh.liveNodes.counts).toEqual({ awake: 0, known: 0 });
    // The root has heard of it: a tag that has nobody and never had a broadcast is erased.
    expect(await rootOf(mesh).info()).toBeNull();
  });

  test.each([
    ["a second", 1_000, false],
    ["a minute and more, with a broadcast", 70_000, true],
  ])("P8.11 V8 a tag that somebody listened to for %s leaves nothing", async (_, ms, isSent) => {
    fakeTime();
    const { mesh, db, reported } = openMesh();
    const listener = await listen(mesh);
    if (isSent) await send(mesh);
    await passTime(mesh, ms);
    nodeOf(mesh).leave(listener);
    await passTime(mesh, 180_000);
    const count = (table: string) => db.get(`SELECT count(*) AS n FROM ${table}`);
    for (const table of ["live_nodes", "live_log"]) expect(count(table)).toEqual({ n: 0 });
    if (!isSent) expect(count("tag_nodes")).toEqual({ n: 0 });
    expect((await rootOf(mesh).info())?.listeners ?? 0).toBe(0);
    expect(reported).toEqual([]);
  });

  test("H7 a root that slept while somebody listens is one object, and a place given anew keeps its member", async () => {
    const { mesh, db } = openMesh();
    const [x, y] = ["AAAAAAAAAAAAAAAAAAAAAA", "BBBBBBBBBBBBBBBBBBBBBA"];
    const member = { tag, find: false, born: null, attach: true };
    await rootOf(mesh).join({ ...member, device: x });
    await listen(mesh);
    const sleeping = rootOf(mesh);
    await vi.waitFor(() => expect(sleeping.sleep(Number.POSITIVE_INFINITY)).toBe(true), SOON);
    mesh.nodes.sweep(Number.POSITIVE_INFINITY);
    // A second listener's node calls the root that it was given, as a broadcast's sender calls the one of that name.
    await listen(mesh);
    await sleeping.info();
    await send(mesh);
    const roots = mesh.nodes.awake.filter(({ name }) => name === sleeping.name);
    expect.soft(roots).toHaveLength(1);
    await rootOf(mesh).leave({ device: x });
    await rootOf(mesh).join({ ...member, device: y });
    // The same again, as after an answer that was lost.
    await sleeping.leave({ device: x });
    expect(db.all("SELECT device FROM tag_members")).toEqual([{ device: y }]);
  });

  test("V1 a full disk keeps no listener from hearing what the root has; it is stored with what comes next", async () => {
    const { mesh, db } = openMesh();
    const listener = await listen(mesh);
    const first = (await headOf(mesh)) + 1;
    db.run(
      "CREATE TRIGGER full BEFORE INSERT ON live_log BEGIN SELECT RAISE (FAIL, 'disk is full'); END",
    );
    await db.committed();
    const entry = (position: number) => ({
      position,
      seq: position * 2,
      expiresAt: Date.now() + 3_600_000,
      cover: [tag],
      condition: null,
      filter: null,
      key: Uint8Array.from(randomBytes(9)),
      lane: 2 as const,
      contentType: 2 as const,
      data: new TextEncoder().encode("hello"),
      collapseKey: null,
      pace: null,
      signature: null,
    });
    const publish = (position: number) => nodeOf(mesh).publish({ tag, entries: [entry(position)] });
    await expect(publish(first)).rejects.toThrow(StorageError);
    expect(listener.cursors).toEqual([first]);
    db.run("DROP TRIGGER full");
    await publish(first + 1);
    expect(listener.cursors).toEqual([first, first + 1]);
    expect(db.all("SELECT position FROM live_log ORDER BY position")).toEqual([
      { position: first },
      { position: first + 1 },
    ]);
  });
});
