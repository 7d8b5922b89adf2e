import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { SignedChanges } from "../../core/app/changes.ts";
import type { TagDirectoryObject } from "../../objects/durable/tag-directory.ts";
import type { Sql } from "../../objects/storage/sql.ts";
import { SqlTagDirectoryStore } from "../../objects/storage/tag-directory-store.ts";
import { LIMITS } from "../../schema/limits.ts";
import { newApp } from "./support/client.ts";
import { TAG_DIRECTORY_CASES } from "./support/tag-directory-suite.ts";

const { TAG_DIRECTORIES } = env as unknown as {
  readonly TAG_DIRECTORIES: DurableObjectNamespace<TagDirectoryObject>;
};
const newDirectory = () => TAG_DIRECTORIES.getByName(newApp().app);

const REPORT = { tag: "news", members: 1, listeners: 0, lastBroadcastAt: null };
const ALL = {
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

describe("a tag directory in its object", () => {
  test.each(TAG_DIRECTORY_CASES)("$name", ({ run }) =>
    runInDurableObject(newDirectory(), (_, { storage }) =>
      run(new SqlTagDirectoryStore(storage.sql)),
    ),
  );

  test("A6 knows a signed change that it has begun, also from its rows alone, for a row each", async () => {
    const stub = newDirectory();
    const change = { id: "AAAAAAAAAAAA", at: Date.now() };
    expect(await stub.begin(change)).toBe("begun");
    expect(await stub.begin(change)).toBe("replayed");
    await runInDurableObject(stub, (_, { storage }) => {
      const changes = () => new SignedChanges(new SqlTagDirectoryStore(storage.sql));
      expect(changes().begin(change)).toBe("replayed");
      expect(changes().begin({ ...change, id: "AAAAAAAAAAAB" })).toBe("begun");
      const { count } = storage.sql.exec("SELECT count(*) AS count FROM changes").one();
      expect(count).toBe(2);
    });
  });

  test("P6.7 a burst of signed changes is read once more at the most, and goes for a few rows", () =>
    runInDurableObject(newDirectory(), (_, { storage }) => {
      let [read, written] = [0, 0];
      const counting = {
        exec(query: string, ...values: unknown[]) {
          const cursor = storage.sql.exec(query, ...values);
          const all = cursor.toArray();
          read += cursor.rowsRead;
          written += cursor.rowsWritten;
          return { toArray: () => all };
        },
      };
      const wake = () => new SignedChanges(new SqlTagDirectoryStore(counting as unknown as Sql));
      const at = Date.now();
      const burst = wake();
      for (let n = 0; n < 3_000; n++) burst.begin({ id: `${n}`, at });
      [read, written] = [0, 0];
      expect(wake().begin({ id: "later", at: at + LIMITS.REPLAY_MS })).toBe("begun");
      expect(read).toBeLessThan(3_020);
      expect(written).toBeLessThanOrEqual(8);
      read = 0;
      expect(wake().begin({ id: "later still", at: at + LIMITS.REPLAY_MS })).toBe("begun");
      expect(read).toBeLessThanOrEqual(16);
    }));

  test("answers over RPC, and makes no table for a question", async () => {
    const stub = newDirectory();
    expect(await stub.list(ALL)).toEqual({ tags: [], next: null });
    await runInDurableObject(stub, (_, { storage }) => {
      const tables = storage.sql.exec("SELECT name FROM sqlite_master WHERE name = 'tags'");
      expect(tables.toArray()).toEqual([]);
    });
    await stub.report(REPORT);
    expect(await stub.list(ALL)).toEqual({ tags: [REPORT], next: null });
    expect(await stub.list({ ...ALL, cursor: "none" })).toBeNull();
  });

  test("writes one row for a report, and none where nothing changed", () =>
    runInDurableObject(newDirectory(), (_, { storage }) => {
      let rows = 0;
      const counting = {
        exec(query: string, ...values: unknown[]) {
          const cursor = storage.sql.exec(query, ...values);
          const all = cursor.toArray();
          rows += cursor.rowsWritten;
          return { toArray: () => all };
        },
      } as ConstructorParameters<typeof SqlTagDirectoryStore>[0];
      const store = new SqlTagDirectoryStore(counting);
      store.put(REPORT);
      rows = 0;
      store.put({ ...REPORT, members: 2, lastBroadcastAt: 5 });
      expect(rows).toBe(1);
    }));

  test("takes a tag over from the first object, which had all of them once", async () => {
    const { app } = newApp();
    const [first, second] = [app, `${app}.5`].map((name) => TAG_DIRECTORIES.getByName(name));
    for (const tag of ["news", "old"]) await first?.report({ ...REPORT, tag });
    await second?.report({ ...REPORT, members: 2 });
    expect(await first?.list(ALL)).toMatchObject({ tags: [{ tag: "old" }] });
    expect(await second?.list(ALL)).toMatchObject({ tags: [{ tag: "news", members: 2 }] });
  });
});
