import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { describe, expect, test } from "vitest";
import type { LogEntry } from "../../core/tag/calls/broadcast.ts";
import { nodeNameIn, SqlTagStore } from "../../objects/storage/tag-store.ts";
import { countWrites } from "./support/rows.ts";
import { TAG_STORE_CASES } from "./support/tag-store-suite.ts";
import { newNode } from "./support/tags.ts";

const record = { tag: "news", born: 0, children: {}, live: "token", liveNodes: [] } as const;
const state = { attached: "AQ", failed: [], outcome: "{}" };

const entry = (position: number): LogEntry => ({
  position,
  seq: position * 2,
  expiresAt: 1_800_000_000_000,
  cover: ["news"],
  condition: null,
  filter: null,
  key: new Uint8Array(9),
  lane: 2,
  contentType: 3,
  data: Uint8Array.of(position),
  collapseKey: null,
  pace: null,
  signature: null,
});

describe("tag store on SQLite", () => {
  test.each(TAG_STORE_CASES)("$name", ({ run }) =>
    runInDurableObject(newNode(), (_, { storage }) => run(new SqlTagStore(storage.sql, "name"))),
  );

  test("what was written is there for the next store on the same database, which says whose it is", () =>
    runInDurableObject(newNode(), (_, { storage: { sql } }) => {
      expect(nodeNameIn(sql)).toBeNull();
      const store = new SqlTagStore(sql, "name");
      store.writeNode(record);
      store.putEntry(1, entry(1), state);
      const next = new SqlTagStore(sql, "name");
      expect(next.readNode()).toEqual(record);
      expect(next.readData(1, 1)).toEqual(Uint8Array.of(1));
      expect(nodeNameIn(sql)).toBe("name");
    }));

  test("every write is one row, as SQLite counts them", () =>
    runInDurableObject(newNode(), (_, { storage: { sql } }) => {
      const store = new SqlTagStore(sql, "name");
      store.writeNode(record);
      let written = 0;
      const exec = sql.exec.bind(sql);
      Object.defineProperty(sql, "exec", {
        value: (query: string, ...values: unknown[]) => {
          const cursor = exec(query, ...values);
          written += cursor.rowsWritten;
          return cursor;
        },
      });
      const rowsOf = (write: () => void): number => {
        written = 0;
        write();
        return written;
      };
      const member = { place: 0, device: "device", joined: 0, since: 0, attached: true, epoch: 0 };
      expect(rowsOf(() => store.writeNode(record))).toBe(1);
      expect(rowsOf(() => store.putMember(member))).toBe(1);
      expect(rowsOf(() => store.putMember({ ...member, attached: false }))).toBe(1);
      expect(rowsOf(() => store.deleteMember(0, "device"))).toBe(1);
      expect(rowsOf(() => store.putEntry(1, entry(1), null))).toBe(1);
      expect(rowsOf(() => store.writeState(1, state))).toBe(1);
      expect(rowsOf(() => store.putEntry(1, entry(129), null))).toBe(1);
    }));

  test("S18 a member that an older version stored is listed once its device attaches, for one row", async () => {
    const stub = newNode();
    await stub.join({ tag: "", device: "new", generation: 7, find: false, born: 0, attach: false });
    await runInDurableObject(stub, (_, { storage: { sql } }) => {
      sql.exec("INSERT INTO members SELECT 'old', 1, joined, since, 1, 0, NULL FROM members");
      sql.exec("ALTER TABLE members DROP COLUMN generation");
    });
    await evictDurableObject(stub);
    expect(await stub.members()).toMatchObject({ members: [], unknown: 2 });
    for (const [device, generation] of [
      ["old", 5],
      ["new", 7],
    ] as const)
      await stub.attach({ device, after: null, generation });
    await evictDurableObject(stub);
    expect(await stub.members()).toMatchObject({
      members: [
        ["new", 7],
        ["old", 5],
      ],
      unknown: 0,
    });
    const written = await countWrites(stub);
    await stub.attach({ device: "old", after: null, generation: 5 });
    expect(written()).toEqual({ rows: 0, alarms: 0 });
  });
});
