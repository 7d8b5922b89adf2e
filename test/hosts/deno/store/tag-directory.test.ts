/** The tag directory in the shared database, held to the suite that the other is held to. */
import { describe, expect, test } from "vitest";
import type { Mesh } from "../../../../hosts/deno/objects/mesh.ts";
import { SharedTagDirectoryStore } from "../../../../hosts/deno/store/tag-directory-store.ts";
import { StorageError } from "../../../../objects/storage-error.ts";
import { TAG_DIRECTORY_CASES } from "../../../objects/support/tag-directory-suite.ts";
import { databasePath, openDatabase, openMesh } from "../support/mesh.ts";

const REPORT = { tag: "news", members: 1, listeners: 0, lastBroadcastAt: null };

describe("a tag directory in the shared database", () => {
  test.each(TAG_DIRECTORY_CASES)("$name", ({ run }) => {
    const db = openDatabase();
    // A neighbour with a tag of the same name, which must not show and must not go.
    const other = new SharedTagDirectoryStore(db, "other");
    other.put(REPORT);
    run(new SharedTagDirectoryStore(db, "app"));
    expect([...other.all()]).toEqual([REPORT]);
  });

  test("H1 has what it was told on disk when it answers", async () => {
    const path = databasePath();
    const directory = openMesh(path).mesh.tagDirectory("app");
    await directory.report(REPORT);
    const reader = new SharedTagDirectoryStore(openDatabase(path), "app");
    expect(reader.read("news")).toEqual(REPORT);
  });

  test("A6 knows a signed change after a kill that it has begun, in the app's own rows", async () => {
    const path = databasePath();
    const change = { id: "AAAAAAAAAAAA", at: Date.now() };
    const begin = (mesh: Mesh, app: string) => mesh.tagDirectory(app).begin(change);
    expect(await begin(openMesh(path).mesh, "app")).toBe("begun");
    const { mesh } = openMesh(path);
    expect(await begin(mesh, "app")).toBe("replayed");
    expect(await begin(mesh, "other")).toBe("begun");
  });

  test("P1.10 A6 takes no signed change for a copy that it could not note", async () => {
    const { mesh, db } = openMesh();
    const directory = mesh.tagDirectory("app");
    const change = { id: "AAAAAAAAAAAA", at: Date.now() };
    const beginning = directory.begin(change);
    // In one transaction with it, and not to be written.
    expect(() => db.run("INSERT INTO nowhere VALUES (1)")).toThrow(StorageError);
    await expect(beginning).rejects.toThrow(StorageError);
    expect(await directory.begin(change)).toBe("begun");
    expect(await directory.begin(change)).toBe("replayed");
  });

  test("gives all of more tags than one query reads", () => {
    const store = new SharedTagDirectoryStore(openDatabase(), "app");
    const tags = Array.from({ length: 2_500 }, (_, i) => `${i}`.padStart(4, "0"));
    for (const tag of tags) store.put({ ...REPORT, tag });
    expect([...store.all()].map(({ tag }) => tag)).toEqual(tags);
  });
});
