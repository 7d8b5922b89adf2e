/** Other tagRefs, in the lines of an export and in a database, keep everything else as it was. */
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { Database } from "../../../hosts/deno/store/database.ts";
import { SharedDeviceStore } from "../../../hosts/deno/store/device-store.ts";
import { Refs } from "../../../hosts/move/refs.ts";
import type { SubscriptionLine } from "../../../schema/export.ts";
import { databasePath, openDatabase } from "../deno/support/mesh.ts";

const REFS = [1, 2, 3, 1_000_000_007, 2 ** 31 - 2, 2 ** 31 - 1];
const account = { publicKey: "p", generation: 1, createdAt: 1 };
const link = { session: "s", lastSeenMs: 1, tokens: [], seqFloor: 1 };

test("M4 every ref of a database is another, each cursor is with its tag, and a database of the first version is left as it is", () => {
  const path = databasePath();
  const db = new Database(path);
  const store = new SharedDeviceStore(db, "device");
  store.writeAccount(account);
  for (const ref of REFS)
    store.putTag({ ref, slot: 1, tag: `tag ${ref}`, path: "0f", generation: 1, epoch: ref });
  const cursors = Object.fromEntries(REFS.slice(1).map((ref) => [ref, ref * 2]));
  store.writeLink({ ...link, cursors });
  const other = new SharedDeviceStore(db, "other");
  other.writeAccount(account);
  other.writeLink(link);
  db.close();

  const copy = new DatabaseSync(path);
  new Refs().renewAll(copy);
  copy.close();

  const after = openDatabase(path);
  const renewed = new SharedDeviceStore(after, "device");
  const kept = renewed.readLink()?.cursors ?? {};
  const tags = renewed.listTags();
  expect(tags).toHaveLength(REFS.length);
  for (const { ref, slot, tag, path: place } of tags) {
    const old = Number(tag.slice("tag ".length));
    expect({ slot, place }).toEqual({ slot: 1, place: "0f" });
    expect(ref).not.toBe(old);
    expect(ref).toBeGreaterThan(0);
    expect(ref).toBeLessThan(2 ** 31);
    expect(kept[ref]).toBe(cursors[old]);
  }
  expect(Object.keys(kept)).toHaveLength(REFS.length - 1);
  expect(new SharedDeviceStore(after, "other").readLink()).toEqual(link);

  const first = new DatabaseSync(":memory:");
  new Refs().renewAll(first);
  first.close();
});

test("M1 refs of an import are others, and differ where they did", () => {
  const refs = new Refs();
  const lines = REFS.map(
    (ref): SubscriptionLine => ({
      kind: "subscription",
      device: "d",
      ref,
      slot: 1,
      tag: "t",
      path: "",
      generation: 1,
      epoch: 1,
      cursor: 7,
    }),
  );
  const renewed = lines.map((line) => refs.renew(line));
  const found = renewed.map((line) => (line.kind === "subscription" ? line.ref : 0));
  expect(new Set(found).size).toBe(REFS.length);
  for (const [i, ref] of found.entries()) {
    expect(ref).not.toBe(REFS[i]);
    expect(ref).toBeGreaterThan(0);
    expect(ref).toBeLessThan(2 ** 31);
  }
  expect(renewed.map((line) => ({ ...line, ref: 0 }))).toEqual(
    lines.map((line) => ({ ...line, ref: 0 })),
  );
});
