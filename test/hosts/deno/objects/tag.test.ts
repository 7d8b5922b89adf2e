/** Nodes of tags in the process that holds them all: what they write, when they sleep, and what a restart changes. */
import { randomBytes } from "node:crypto";
import { copyFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { BroadcastRequest } from "../../../../core/tag/calls/broadcast.ts";
import type { JoinRequest } from "../../../../core/tag/calls/membership.ts";
import { nodeObjectName, tagIdOf } from "../../../../core/tag/name.ts";
import type { Mesh } from "../../../../hosts/deno/objects/mesh.ts";
import type { Database } from "../../../../hosts/deno/store/database.ts";
import { SharedTagStore } from "../../../../hosts/deno/store/tag-store.ts";
import { StorageError } from "../../../../objects/storage-error.ts";
import { SOON } from "../../../support/soon.ts";
import { databasePath, openMesh, passTime } from "../support/mesh.ts";
import { countRows } from "../support/rows.ts";
import { fakeTime } from "../support/time.ts";

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const IDLE_AND_SWEPT_MS = 12_500;
/** A report of counts to the directory comes at the latest this long after a change. */
const REPORTED_MS = 10_000;

const TAGS_COUNT = 100;

const app = "AAAAAAAAAAA";
const tag = "news";
const nameOf = (path: string): string => nodeObjectName({ app, tagId: tagIdOf(app, tag), path });
const root = (mesh: Mesh) => mesh.nodes.get(nameOf(""));

/** @param first digit of the device in the tree */
const deviceName = (first = 0): string => {
  const bytes = randomBytes(16);
  bytes[0] = (first << 4) | ((bytes[0] ?? 0) & 0xf);
  return bytes.toString("base64url");
};

const join = (more: Partial<JoinRequest> = {}): JoinRequest => ({
  tag,
  device: deviceName(),
  find: false,
  born: null,
  attach: false,
  ...more,
});

const broadcast = (more: Partial<BroadcastRequest> = {}): BroadcastRequest => ({
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
  ...more,
});

/** The database as a kill of the process leaves it. */
function copyOf(path: string): string {
  const copy = databasePath();
  for (const suffix of ["", "-wal"]) copyFileSync(path + suffix, copy + suffix);
  return copy;
}

const count = (db: Database, table: string): number =>
  db.get<{ n: number }>(`SELECT count(*) AS n FROM ${table}`)?.n ?? 0;

describe("rows of a node", () => {
  test("P8.11 tags that a device makes up, joins and leaves take no memory and no disk for longer than it takes to report them", async () => {
    fakeTime();
    const { mesh, db } = openMesh();
    const device = deviceName();
    const pages = () => db.get<{ n: number }>("SELECT page_count AS n FROM pragma_page_count")?.n;
    const free = () =>
      db.get<{ n: number }>("SELECT freelist_count AS n FROM pragma_freelist_count")?.n;
    const sizes: (number | undefined)[] = [];
    for (let round = 0; round < 3; round++) {
      for (let n = 0; n < TAGS_COUNT; n++) {
        const made = `${round} ${n}`;
        const node = mesh.nodes.get(nodeObjectName({ app, tagId: tagIdOf(app, made), path: "" }));
        await Promise.all([node.join(join({ tag: made, device })), node.leave({ device })]);
      }
      await passTime(mesh, REPORTED_MS + IDLE_AND_SWEPT_MS);
      for (const table of ["tag_nodes", "tag_members", "tag_log", "node_alarms", "tag_directory"]) {
        expect([table, db.get(`SELECT count(*) AS n FROM ${table}`)]).toEqual([table, { n: 0 }]);
      }
      expect(mesh.nodes.counts).toEqual({ awake: 0, known: 0 });
      sizes.push(pages());
    }
    // What the first round took the others use again.
    expect(Math.max(...sizes.map(Number))).toBeLessThanOrEqual(Number(sizes[0]) + 2);
    expect(free()).toBeGreaterThan(0);
  }, 60_000);

  test("T4 a join: one for the member; the first of a tag also makes its node and the alarm of its report", async () => {
    const { mesh, db } = openMesh();
    let written = countRows(db);
    await root(mesh).join(join());
    expect(written()).toBe(3);
    written = countRows(db);
    await root(mesh).join(join());
    expect(written()).toBe(1);
  });

  test("T4 a device that attaches: one, and none where it is marked", async () => {
    const { mesh, db } = openMesh();
    const device = deviceName();
    await root(mesh).join(join({ device }));
    let written = countRows(db);
    await root(mesh).attach({ device, after: 0 });
    expect(written()).toBe(1);
    written = countRows(db);
    await root(mesh).attach({ device, after: 0 });
    expect(written()).toBe(0);
  });

  test("B2 a broadcast that no member is attached for: one when it is accepted, one when it was served", async () => {
    const { mesh, db } = openMesh();
    for (let i = 0; i < 10; i++) await root(mesh).join(join());
    mesh.nodeAlarms.stop();
    const written = countRows(db);
    const request = broadcast();
    expect(await root(mesh).broadcast(request)).toMatchObject({ ok: true });
    // The alarm of the members' report stands later, and is moved.
    expect(written()).toBe(1 + 1);
    await root(mesh).alarm();
    expect(await root(mesh).broadcastStatus(request.key)).toMatchObject({
      status: "sent",
      members: 10,
      attached: 0,
    });
    // The alarm that has rung, the entry, and the report of the members.
    expect(written()).toBe(2 + 3);
  });
});

describe("the gate of a node", () => {
  test("P4.2 nobody is told before the commit, though memory knows", async () => {
    const { mesh, db } = openMesh();
    await root(mesh).join(join());
    const told: string[] = [];
    const request = broadcast();
    const all = [
      root(mesh)
        .join(join())
        .then(() => told.push("join")),
      root(mesh)
        .broadcast(request)
        .then(() => told.push("broadcast")),
      root(mesh)
        .broadcastStatus(request.key)
        .then(() => told.push("status")),
    ];
    for (let i = 0; i < 100; i++) await Promise.resolve();
    expect(told).toEqual([]);
    db.commit();
    await Promise.all(all);
    expect(told.toSorted()).toEqual(["broadcast", "join", "status"]);
  });

  test("P4.2 where a commit fails nobody in it is told it stands, and the node begins anew from what is stored", async () => {
    const { mesh, db } = openMesh();
    await root(mesh).join(join());
    const { head = 0 } = (await root(mesh).info()) ?? {};
    const [device, request] = [deviceName(), broadcast()];
    const both = Promise.allSettled([
      root(mesh).join(join({ device })),
      root(mesh).broadcast(request),
    ]);
    // Another writer of the same transaction makes it fail.
    expect(() => db.run("INSERT INTO devices (name, account) VALUES ('x', NULL)")).toThrow();
    const refused = { status: "rejected", reason: { row: { status: 503 } } };
    expect(await both).toMatchObject([refused, refused]);
    expect(await root(mesh).info()).toMatchObject({ members: 1, head });
    expect(await root(mesh).attach({ device, after: null })).toEqual({ kind: "unknown" });
    expect(await root(mesh).broadcast(request)).toMatchObject({ ok: true });
    expect(await root(mesh).info()).toMatchObject({ head: head + 1 });
  });

  test("P4.2 a disk that is full refuses joins, and takes them when it is not", async () => {
    const path = databasePath();
    const { mesh, db } = openMesh(path);
    await root(mesh).join(join());
    const outside = new DatabaseSync(path);
    outside.exec(
      "CREATE TRIGGER full BEFORE INSERT ON tag_members BEGIN SELECT RAISE (FAIL, 'disk is full'); END",
    );
    const device = deviceName();
    for (let attempt = 0; attempt < 2; attempt++) {
      await expect(root(mesh).join(join({ device }))).rejects.toThrow(StorageError);
    }
    expect(await root(mesh).info()).toMatchObject({ members: 1 });
    outside.exec("DROP TRIGGER full");
    outside.close();
    expect(await root(mesh).join(join({ device }))).toMatchObject({ kind: "joined" });
    expect(count(db, "tag_members")).toBe(2);
  });
});

test("P1.10 a handler that breaks off by a mistake ends what is in memory: the next call begins with what is stored", async () => {
  const { mesh } = openMesh();
  await root(mesh).join(join());
  vi.spyOn(SharedTagStore.prototype, "putMember").mockImplementationOnce(() => {
    throw new TypeError("a mistake");
  });
  const reads = vi.spyOn(SharedTagStore.prototype, "readNode");
  await expect(root(mesh).join(join())).rejects.toThrow("a mistake");
  expect(reads).not.toHaveBeenCalled();
  expect(await root(mesh).join(join())).toMatchObject({ kind: "joined" });
  expect(reads).toHaveBeenCalled();
  expect(await root(mesh).info()).toMatchObject({ members: 2 });
});

describe("alarms of nodes", () => {
  test("B5 a broadcast that was accepted is served after a restart, at once", async () => {
    const path = databasePath();
    const first = openMesh(path);
    await root(first.mesh).join(join());
    const request = broadcast();
    await root(first.mesh).broadcast(request);
    // What a kill leaves between the answer and the fan-out.
    const second = openMesh(copyOf(path));
    expect(count(second.db, "node_alarms")).toBe(1);
    await vi.waitFor(
      async () =>
        expect(await root(second.mesh).broadcastStatus(request.key)).toMatchObject({
          status: "sent",
          members: 1,
        }),
      SOON,
    );
    expect(second.reported).toEqual([]);
  });

  test("T1 counts climb to the root and into the directory, each by the alarm of its node", async () => {
    fakeTime();
    const { mesh, reported } = openMesh(databasePath(), { nodeMembers: 1 });
    await root(mesh).join(join());
    const device = deviceName(7);
    const onward = await root(mesh).join(join({ device }));
    const { head: born = 0 } = (await root(mesh).info()) ?? {};
    expect(onward).toEqual({ kind: "child", digit: "7", born });
    await mesh.nodes.get(nameOf("7")).join(join({ device, born }));
    await passTime(mesh, 3 * REPORTED_MS);
    await vi.waitFor(
      async () => expect(await root(mesh).info()).toMatchObject({ members: 2, nodes: 2, depth: 2 }),
      SOON,
    );
    await passTime(mesh, 3 * REPORTED_MS);
    await vi.waitFor(
      async () =>
        expect(await mesh.tagDirectory(app).list(everyTag)).toMatchObject({
          tags: [{ tag, members: 2 }],
        }),
      SOON,
    );
    expect(reported).toEqual([]);
  });
});

const everyTag = {
  prefix: "",
  minMembers: null,
  maxMembers: null,
  broadcastAfter: null,
  broadcastBefore: null,
  sort: "tag",
  descending: false,
  limit: 10,
  cursor: null,
} as const;

describe("sleep of nodes", () => {
  test("P8.1 an idle node leaves nothing in memory, and knows everything when it is asked", async () => {
    fakeTime();
    const { mesh } = openMesh();
    const device = deviceName();
    await root(mesh).join(join({ device }));
    const request = broadcast();
    expect(mesh.nodes.counts).toEqual({ awake: 1, known: 1 });
    mesh.nodeAlarms.stop();
    await root(mesh).broadcast(request);
    const { head = 0 } = (await root(mesh).info()) ?? {};
    await passTime(mesh, IDLE_AND_SWEPT_MS);
    expect(mesh.nodes.counts).toEqual({ awake: 0, known: 0 });
    expect(await root(mesh).info()).toMatchObject({ members: 1, head });
    expect(await root(mesh).attach({ device, after: 0 })).toMatchObject({
      kind: "attached",
      upTo: head,
      more: false,
      entries: [{ position: head, key: request.key, data: request.data }],
    });
    expect(mesh.nodes.counts).toEqual({ awake: 1, known: 1 });
  });

  test("P8.1 a node that is only asked after leaves neither a row nor memory", async () => {
    fakeTime();
    const { mesh, db } = openMesh();
    expect(await root(mesh).info()).toBeNull();
    expect(await root(mesh).attach({ device: deviceName(), after: null })).toEqual({
      kind: "unknown",
    });
    expect(count(db, "tag_nodes")).toBe(0);
    await passTime(mesh, IDLE_AND_SWEPT_MS);
    expect(mesh.nodes.counts).toEqual({ awake: 0, known: 0 });
  });
});
