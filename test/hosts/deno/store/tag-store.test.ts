/** The store of a node among many in one database, held to the suite that the other stores are held to. */
import { describe, expect, test } from "vitest";
import { ObjectWriter } from "../../../../hosts/deno/store/object-writer.ts";
import { SharedTagStore } from "../../../../hosts/deno/store/tag-store.ts";
import { durable } from "../../../../objects/memory.ts";
import { TAG_STORE_CASES } from "../../../objects/support/tag-store-suite.ts";
import { databasePath, openDatabase } from "../support/mesh.ts";

const node = { tag: "other", born: 3, children: {}, live: "token", liveNodes: [] } as const;
const member = { place: 0, device: "other", joined: 1, since: 1, attached: true, epoch: 0 };
const entry = {
  position: 1,
  seq: 1,
  expiresAt: 1,
  cover: ["other"],
  condition: null,
  filter: null,
  key: new Uint8Array(9),
  lane: 2,
  contentType: 2,
  data: Uint8Array.of(1),
  collapseKey: null,
  pace: null,
  signature: null,
} as const;

describe("tag store in the shared database", () => {
  test.each(TAG_STORE_CASES)("$name", ({ run }) => {
    const db = openDatabase();
    // A neighbour with rows of the same places and slots, which must not show and must not go.
    const other = new SharedTagStore(db, "other");
    other.writeNode(node);
    other.putMember(member);
    other.putEntry(1, entry, null);

    run(new SharedTagStore(db, "node"));

    expect(other.readNode()).toEqual(node);
    expect(other.listMembers()).toEqual([member]);
    expect(other.listLog()).toMatchObject([{ header: { position: 1 }, state: null }]);
    expect(other.readData(1, 1)).toEqual(entry.data);
  });

  test("what was written is there for the next store on the same database, alarm and all", () => {
    const path = databasePath();
    const db = openDatabase(path);
    const store = new SharedTagStore(db, "node");
    store.writeNode(node);
    store.setAlarm(7);
    db.commit();
    const restarted = new SharedTagStore(openDatabase(path), "node");
    expect(restarted.readNode()).toEqual(node);
    expect(restarted.alarmAt).toBe(7);
    restarted.clearAlarm();
    expect(new SharedTagStore(openDatabase(), "node").alarmAt).toBeNull();
  });

  test("P6.7 a member is found by an index, which a database of an older version gets when it is opened", () => {
    const path = databasePath();
    const db = openDatabase(path);
    new SharedTagStore(db, "node").writeNode(node);
    db.run("DROP INDEX tag_members_device");
    db.commit();
    const opened = openDatabase(path);
    const store = new SharedTagStore(opened, "node");
    store.putMember(member);
    expect(store.readMember(member.device)).toEqual(member);
    const [step] = opened.all<{ detail: string }>(
      "EXPLAIN QUERY PLAN SELECT place FROM tag_members WHERE node = ? AND device = ?",
      store.id,
      member.device,
    );
    expect(step?.detail).toContain("tag_members_device (node=? AND device=?)");
  });

  test("P7.1 a node that is only asked after leaves no row", () => {
    const db = openDatabase();
    const writer = new ObjectWriter(db);
    const store = new SharedTagStore(db, "stranger", writer);
    expect(store.readNode()).toBeNull();
    expect(writer.isPending).toBe(false);
    expect(db.get("SELECT count(*) AS n FROM tag_nodes")).toEqual({ n: 0 });
  });

  test("P4.2 after a write that failed nothing more is stored, and durable() says why", async () => {
    const db = openDatabase();
    const writer = new ObjectWriter(db);
    const store = new SharedTagStore(db, "node", writer);
    store.writeNode(node);
    const writing = durable(writer);
    // Another writer of the same transaction makes it fail.
    expect(() => db.run("INSERT INTO tag_nodes (name, record) VALUES ('x', NULL)")).toThrow();
    await expect(writing).rejects.toThrow(/NOT NULL/);
    expect(() => store.putMember(member)).toThrow(/NOT NULL/);
    await expect(durable(writer)).rejects.toThrow(/NOT NULL/);
    expect(db.get("SELECT count(*) AS n FROM tag_members")).toEqual({ n: 0 });
    expect(new SharedTagStore(db, "node").readNode()).toBeNull();
  });
});
