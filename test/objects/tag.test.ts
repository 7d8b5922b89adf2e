import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { describe, expect, test } from "vitest";
import { directoryNameOf } from "../../core/tag/directory/directory-shards.ts";
import { deviceDigit, nodeObjectName, tagIdOf } from "../../core/tag/name.ts";
import { LIMITS } from "../../schema/limits.ts";
import { newApp, randomText } from "./support/client.ts";
import { countWrites } from "./support/rows.ts";
import { rootOf, TAG_DIRECTORIES, TAGS } from "./support/tags.ts";

const joining = (device = randomText(16), more: { readonly born?: number } = {}) => ({
  tag: "news",
  device,
  find: false,
  born: null,
  attach: false,
  ...more,
});
const ANY_TAG = {
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

describe("a node's object", () => {
  test("P7.1 that nobody joined is only asked: it makes no tables and sets no alarm", async () => {
    const root = rootOf(newApp().app, "news");
    expect(await root.info()).toBeNull();
    expect(await root.leave({ device: randomText(16) })).toBe(false);
    expect(await root.attach({ device: randomText(16), after: null })).toEqual({ kind: "unknown" });
    await runInDurableObject(root, async (_, { storage }) => {
      const tables = storage.sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'node'").toArray();
      expect(tables).toEqual([]);
      expect(await storage.getAlarm()).toBeNull();
    });
  });

  test("P8.11 that everybody left, and that never had a broadcast, is erased once that is told: no table and no alarm", async () => {
    const root = rootOf(newApp().app, "news");
    const device = randomText(16);
    for (let round = 0; round < 2; round++) {
      await root.join(joining(device));
      await root.leave({ device });
      // One that was just started takes its alarm for due.
      await evictDurableObject(root);
      await runDurableObjectAlarm(root);
      expect(await root.info()).toBeNull();
      await runInDurableObject(root, async (_, { storage }) => {
        const tables = storage.sql.exec(
          "SELECT name FROM sqlite_master WHERE name NOT LIKE '\\_cf%' ESCAPE '\\'",
        );
        expect(tables.toArray()).toEqual([]);
        expect(await storage.getAlarm()).toBeNull();
      });
    }
    expect(await root.join(joining(device))).toMatchObject({ kind: "joined" });
    await runDurableObjectAlarm(root);
    await evictDurableObject(root);
    expect(await root.info()).toMatchObject({ members: 1 });
  });

  test("P6.5 writes a row for a join, one for a leave, and none for an attach of who is marked", async () => {
    const root = rootOf(newApp().app, "news");
    await root.join(joining());
    const written = await countWrites(root);
    const device = randomText(16);
    const joined = await root.join({ ...joining(device), attach: true });
    expect(joined).toMatchObject({ kind: "joined" });
    expect(written()).toEqual({ rows: 1, alarms: 0 });
    for (let i = 0; i < 3; i++) {
      expect(await root.attach({ device, after: 0 })).toMatchObject({ kind: "attached" });
    }
    expect(await root.join(joining(device))).toEqual(joined);
    expect(written()).toEqual({ rows: 1, alarms: 0 });
    expect(await root.leave({ device })).toBe(true);
    expect(written()).toEqual({ rows: 2, alarms: 0 });
  });

  test("tells its app's directory of its members by its alarm, though it slept since they joined", async () => {
    const { app } = newApp();
    const root = rootOf(app, "news");
    for (let i = 0; i < 3; i++) await root.join(joining());
    const alarm = await runInDurableObject(root, (_, { storage }) => storage.getAlarm());
    expect(alarm).toBeLessThanOrEqual(Date.now() + LIMITS.COUNT_DELAY_MS);
    await evictDurableObject(root);
    // The alarm that stands is not moved by what comes later.
    await root.join(joining());
    expect(await runInDurableObject(root, (_, { storage }) => storage.getAlarm())).toBe(alarm);
    expect(await runDurableObjectAlarm(root)).toBe(true);
    const directory = directoryNameOf(app, "news", LIMITS.TAG_DIRECTORY_SHARDS);
    const { tags } = (await TAG_DIRECTORIES.getByName(directory).list(ANY_TAG)) ?? {};
    expect(tags).toMatchObject([{ tag: "news", members: 4 }]);
  });

  test("sends joins on to a child when it is full, and counts the child's members as its own", async () => {
    const { app } = newApp();
    const root = rootOf(app, "news");
    // Within the object: a thousand calls of it take seconds on a machine that has others to do.
    const answers = await runInDurableObject(root, (node) =>
      Promise.all(Array.from({ length: LIMITS.NODE_MEMBERS }, () => node.join(joining()))),
    );
    const born = (await root.info())?.head ?? 0;
    expect(answers).toEqual(answers.map(() => ({ kind: "joined", head: born })));
    const device = randomText(16);
    const path = deviceDigit(device, 0);
    const child = TAGS.getByName(nodeObjectName({ app, tagId: tagIdOf(app, "news"), path }));
    expect(await child.join(joining(device))).toEqual({ kind: "unborn" });
    expect(await root.join(joining(device))).toEqual({ kind: "child", digit: path, born });
    expect(await child.join(joining(device, { born }))).toEqual({ kind: "joined", head: born });
    expect(await runDurableObjectAlarm(child)).toBe(true);
    expect(await root.info()).toMatchObject({ members: 1_001, nodes: 2, depth: 2 });

    // P8.11: once it is empty it goes when its parent asks it, with its tables and its alarm, and comes anew.
    expect(await child.leave({ device })).toBe(true);
    await evictDurableObject(child);
    await runDurableObjectAlarm(child);
    expect(await child.go()).toEqual({ gone: true });
    await runInDurableObject(child, async (_, { storage }) => {
      const tables = storage.sql.exec(
        "SELECT name FROM sqlite_master WHERE name NOT LIKE '\\_cf%' ESCAPE '\\'",
      );
      expect(tables.toArray()).toEqual([]);
      expect(await storage.getAlarm()).toBeNull();
    });
    expect(await child.join(joining(device, { born }))).toEqual({ kind: "joined", head: born });
    expect(await runInDurableObject(child, (_, { storage }) => storage.getAlarm())).not.toBeNull();
  });
});
