/** Broadcasts in the process that holds all objects: tree, devices and sockets together, over sleeps, stops and kills. */
import { randomBytes } from "node:crypto";
import { copyFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, test, vi } from "vitest";
import { EVERYONE } from "../../../../core/condition/types.ts";
import type { BroadcastRequest, BroadcastStatus } from "../../../../core/tag/calls/broadcast.ts";
import { nodeObjectName, tagIdOf } from "../../../../core/tag/name.ts";
import type { Mesh } from "../../../../hosts/deno/objects/mesh.ts";
import { StorageError } from "../../../../objects/storage-error.ts";
import type { Broadcast } from "../../../../schema/generated/link.ts";
import { SOON } from "../../../support/soon.ts";
import {
  databasePath,
  newApp,
  openMesh,
  quiet,
  TestDevice,
  type TestLink,
} from "../support/mesh.ts";
import { countRows } from "../support/rows.ts";

const root = (mesh: Mesh, app: string) =>
  mesh.nodes.get(nodeObjectName({ app, tagId: tagIdOf(app, EVERYONE), path: "" }));

const broadcast = (app: string, more: Partial<BroadcastRequest> = {}): BroadcastRequest => ({
  app,
  cover: [EVERYONE],
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

/** The broadcasts of the next frame. */
const broadcasts = async ({ device }: TestLink): Promise<readonly Broadcast[]> =>
  (await device.expect("broadcasts")).value.broadcasts;

function acknowledge({ device }: TestLink, all: readonly Broadcast[]): void {
  const cursors = all.map(({ slot, tagRef, position }) => ({ slot, tagRef, position }));
  device.command({ kind: "cursors", value: cursors });
}

const sent = (mesh: Mesh, app: string, key: Uint8Array): Promise<BroadcastStatus> =>
  vi.waitFor(
    async () => {
      const status = await root(mesh, app).broadcastStatus(key);
      if (status?.status !== "sent") throw new Error(`${status?.status}`);
      return status;
    },
    { timeout: 15_000 },
  );

/** The database as a kill of the process leaves it. */
function copyOf(path: string): string {
  const copy = databasePath();
  for (const suffix of ["", "-wal"]) copyFileSync(path + suffix, copy + suffix);
  return copy;
}

interface Online {
  readonly device: TestDevice;
  readonly link: TestLink;
}

/** Devices of one app, each in the tag of all. */
async function fleet(mesh: Mesh, count: number): Promise<{ app: string; online: Online[] }> {
  const of = newApp();
  const online: Online[] = [];
  for (let i = 0; i < count; i++) {
    const device = await TestDevice.create(mesh);
    online.push({ device, link: (await device.online(of)).link });
  }
  return { app: of.app, online };
}

describe("a broadcast", () => {
  test("B1 B15 reaches who is awake, who sleeps, and who was away when it comes back; each once", async () => {
    const { mesh, reported } = openMesh(undefined, { nodeMembers: 2 });
    const { app, online } = await fleet(mesh, 9);
    const [away, asleep, ...awake] = online as [Online, Online, ...Online[]];
    away.link.lose();
    await quiet(mesh);
    expect(asleep.device.host.sleep(Number.POSITIVE_INFINITY)).toBe(true);
    const request = broadcast(app);
    expect(await root(mesh, app).broadcast(request)).toMatchObject({ ok: true });
    const head = (await root(mesh, app).info())?.head;
    for (const { link } of [asleep, ...awake]) {
      const all = await broadcasts(link);
      expect(all).toMatchObject([
        { tag: "", position: head, key: request.key, data: request.data },
      ]);
      acknowledge(link, all);
    }
    expect(await sent(mesh, app, request.key)).toMatchObject({
      members: 9,
      attached: 9,
      delivered: 8,
      acknowledged: 8,
      offline: 1,
      failed: 0,
      remaining: 0,
    });
    const back = await away.device.connect({ attach: [1] });
    const missed = await broadcasts(back);
    expect(missed).toMatchObject([{ position: head, key: request.key }]);
    acknowledge(back, missed);
    await quiet(mesh);
    for (const { link } of [asleep, ...awake]) expect(link.device.unread).toEqual([]);
    expect(back.device.unread).toEqual([]);
    expect(reported).toEqual([]);
  });

  test("B2 writes two rows at the root and its alarm, one at each other node, and none for a member", async () => {
    const { mesh, db } = openMesh(undefined, { nodeMembers: 4 });
    const { app, online } = await fleet(mesh, 12);
    mesh.nodeAlarms.stop();
    await root(mesh, app).alarm();
    await quiet(mesh);
    const nodes = db.get<{ n: number }>("SELECT count(*) AS n FROM tag_nodes")?.n ?? 0;
    expect(nodes).toBeGreaterThan(3);
    const written = countRows(db);
    const request = broadcast(app);
    await root(mesh, app).broadcast(request);
    for (const { link } of online) acknowledge(link, await broadcasts(link));
    expect(await sent(mesh, app, request.key)).toMatchObject({ acknowledged: 12, nodes });
    expect(written()).toBe(2 + 1 + (nodes - 1));
  });

  test("B5 that is killed in its midst goes on after a restart, and each device has it", async () => {
    const path = databasePath();
    const first = openMesh(path);
    const { app, online } = await fleet(first.mesh, 5);
    const request = broadcast(app);
    await root(first.mesh, app).broadcast(request);
    const keys: string[] = [];
    const [quick, ...slow] = online as [Online, ...Online[]];
    acknowledge(quick.link, await broadcasts(quick.link));
    for (const { link } of slow) await broadcasts(link);
    await quiet(first.mesh);

    const second = openMesh(copyOf(path));
    expect(await sent(second.mesh, app, request.key)).toMatchObject({ members: 5, offline: 5 });
    for (const { device } of online) {
      const link = await device.movedTo(second.mesh).connect({ attach: [1] });
      await quiet(second.mesh);
      // One that was killed before it could note the cursor gets it again: the SDK drops it by its key.
      for (const frame of link.device.unread) {
        if (typeof frame !== "object" || frame.kind !== "broadcasts") continue;
        for (const { key } of frame.value.broadcasts) keys.push(Buffer.from(key).toString("hex"));
      }
    }
    expect(keys.length).toBeGreaterThanOrEqual(slow.length);
    expect(new Set(keys)).toEqual(new Set([Buffer.from(request.key).toString("hex")]));
    expect(second.reported).toEqual([]);
  });

  test("B5 stands still when the mesh stops, with its alarm set, and goes on at the next start", async () => {
    const path = databasePath();
    const first = openMesh(path);
    const { app, online } = await fleet(first.mesh, 3);
    const request = broadcast(app, { pace: 1 });
    await root(first.mesh, app).broadcast(request);
    const served = await Promise.race(
      online.map(async (each) => ({ each, all: await broadcasts(each.link) })),
    );
    acknowledge(served.each.link, served.all);
    first.mesh.quiesce();
    for (const { device } of online) await device.host.drain();
    await quiet(first.mesh);
    expect(first.reported).toEqual([]);

    const second = openMesh(copyOf(path));
    expect(await sent(second.mesh, app, request.key)).toMatchObject({ members: 3, offline: 3 });
    for (const each of online) {
      const link = await each.device.movedTo(second.mesh).connect({ attach: [1] });
      if (each !== served.each) expect(await broadcasts(link)).toHaveLength(1);
      else {
        await quiet(second.mesh);
        expect(link.device.unread.filter(isBroadcasts)).toEqual([]);
      }
    }
    expect(second.reported).toEqual([]);
  }, 20_000);

  test("P4.2 of which the end cannot be written is served again when it can, and no device has it twice", async () => {
    const path = databasePath();
    const { mesh, db, reported } = openMesh(path);
    const { app, online } = await fleet(mesh, 3);
    const undone = vi.fn();
    db.onRollback(undone);
    const outside = new DatabaseSync(path);
    outside.exec(
      "CREATE TRIGGER full BEFORE UPDATE OF state ON tag_log BEGIN SELECT RAISE (FAIL, 'disk is full'); END",
    );
    const request = broadcast(app);
    await root(mesh, app).broadcast(request);
    for (const { link } of online) acknowledge(link, await broadcasts(link));
    // Nobody waits for that row, so that only the database is told that it is not stored.
    await vi.waitFor(() => expect(undone).toHaveBeenCalled(), SOON);
    outside.exec("DROP TRIGGER full");
    outside.close();
    expect(await sent(mesh, app, request.key)).toMatchObject({ members: 3, failed: 0 });
    await quiet(mesh);
    for (const { link } of online) expect(link.device.unread).toEqual([]);
    for (const error of reported) expect(error).toBeInstanceOf(StorageError);
  }, 20_000);
});

const isBroadcasts = (frame: unknown): boolean =>
  typeof frame === "object" && frame !== null && "kind" in frame && frame.kind === "broadcasts";
