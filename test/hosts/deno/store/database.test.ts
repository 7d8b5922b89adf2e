/** Group commit: what many write in one turn is on disk together, and nobody is told before. */
import { DatabaseSync } from "node:sqlite";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { Database } from "../../../../hosts/deno/store/database.ts";
import { StorageError } from "../../../../objects/storage-error.ts";
import { databasePath, openDatabase } from "../support/mesh.ts";

const INSERT = "INSERT INTO devices (name, account) VALUES (?, ?)";

/** The database as a second process sees it: only what is committed. */
function observer(path: string): () => string[] {
  const db = new DatabaseSync(path, { readOnly: true });
  onTestFinished(() => db.close());
  const names = db.prepare("SELECT name FROM devices ORDER BY name");
  return () => names.all().map((row) => String(row["name"]));
}

const write = (db: Database, name: string): Promise<void> => {
  db.run(INSERT, name, "{}");
  return db.committed();
};

describe("group commit", () => {
  test("P4.2 nobody is told before the commit, and all of one turn share it", async () => {
    const path = databasePath();
    const db = openDatabase(path);
    const stored = observer(path);
    const toldAt: number[] = [];
    const batch = db.batch;
    const done = ["a", "b", "c"].map((name) =>
      write(db, name).then(() => toldAt.push(stored().length)),
    );
    // However many promises settle meanwhile, nobody is told, and nothing is there.
    for (let i = 0; i < 100; i++) await Promise.resolve();
    expect(toldAt).toEqual([]);
    expect(stored()).toEqual([]);
    expect(db.batch).toBe(batch);
    expect(db.isPending(batch)).toBe(true);
    await Promise.all(done);
    expect(toldAt).toEqual([3, 3, 3]);
    expect(db.batch).toBe(batch + 1);
    expect(db.isPending(batch)).toBe(false);
  });

  test("who wrote nothing waits for nothing", async () => {
    const db = openDatabase();
    await db.committed();
    db.commit();
    expect(db.batch).toBe(0);
  });

  test("the next turn has a transaction of its own", async () => {
    const db = openDatabase();
    await write(db, "a");
    const first = db.batch;
    const second = write(db, "b");
    expect(db.isPending(first)).toBe(true);
    await second;
    expect(db.batch).toBe(first + 1);
  });

  test("P4.2 a statement that fails takes the whole transaction with it, and everyone in it is told", async () => {
    const path = databasePath();
    const db = openDatabase(path);
    const stored = observer(path);
    await write(db, "before");
    const others = [write(db, "a"), write(db, "b")];
    expect(() => db.run(INSERT, "before", "{}")).toThrow(StorageError);
    for (const other of others) await expect(other).rejects.toThrow(StorageError);
    expect(stored()).toEqual(["before"]);
    // What comes after is a transaction anew.
    await write(db, "after");
    expect(stored()).toEqual(["after", "before"]);
  });

  test("P4.2 a commit that fails rejects everyone in it, and the next one is tried anew", async () => {
    const path = databasePath();
    const db = openDatabase(path);
    const stored = observer(path);
    // A deferred constraint is checked by COMMIT itself, which then fails as a full disk makes it fail.
    db.get("PRAGMA foreign_keys = ON");
    const outside = new DatabaseSync(path);
    outside.exec(
      "CREATE TABLE child (parent TEXT REFERENCES devices (name) DEFERRABLE INITIALLY DEFERRED)",
    );
    outside.close();
    const both = [write(db, "a")];
    db.run("INSERT INTO child VALUES ('nobody')");
    both.push(db.committed());
    for (const one of both) await expect(one).rejects.toThrow(StorageError);
    expect(stored()).toEqual([]);
    await write(db, "b");
    expect(stored()).toEqual(["b"]);
  });

  test("a commit that nobody waits for may fail", async () => {
    const db = openDatabase();
    db.run(INSERT, "a", "{}");
    expect(() => db.run(INSERT, "a", "{}")).toThrow(StorageError);
    // An unhandled rejection would fail this file.
    await write(db, "b");
  });

  test("closing it commits what is open", () => {
    const path = databasePath();
    const db = openDatabase(path);
    db.run(INSERT, "a", "{}");
    db.commit();
    expect(observer(path)()).toEqual(["a"]);
  });
});

describe("deferred writes", () => {
  const defer = (db: Database, name: string) => db.defer(() => void db.run(INSERT, name, "{}"));
  const inOrder = (db: Database): string[] =>
    db.all<{ name: string }>("SELECT name FROM devices ORDER BY id").map(({ name }) => name);

  test("come before whatever is written after them, and share its transaction", async () => {
    const path = databasePath();
    const db = openDatabase(path);
    const stored = observer(path);
    await write(db, "a");
    defer(db, "b");
    expect(db.isPending(db.batch)).toBe(false);
    expect(stored()).toEqual(["a"]);
    await write(db, "c");
    expect(stored()).toEqual(["a", "b", "c"]);
    // Also where a transaction is open when they are deferred.
    const open = write(db, "d");
    defer(db, "e");
    await Promise.all([open, write(db, "f")]);
    expect(inOrder(db)).toEqual(["a", "b", "c", "d", "e", "f"]);
  });

  test("are written by themselves where nobody else writes, and when the file is closed", async () => {
    const path = databasePath();
    const db = new Database(path);
    const stored = observer(path);
    defer(db, "a");
    await vi.waitFor(() => expect(stored()).toEqual(["a"]), { timeout: 10_000 });
    defer(db, "b");
    db.close();
    expect(stored()).toEqual(["a", "b"]);
  });
});
