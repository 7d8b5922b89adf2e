/** Records of links while the disk is full: how many, and which of two stands. */
import { DatabaseSync } from "node:sqlite";
import { expect, test, vi } from "vitest";
import { OwedLinks } from "../../../hosts/deno/store/owed-links.ts";
import { databasePath, openDatabase } from "./support/mesh.ts";

test("P8.1 as many records as there is room for; the newest of a device is written when it can be", async () => {
  const path = databasePath();
  const db = openDatabase(path);
  for (const name of ["a", "b", "c"])
    db.run("INSERT INTO devices (name, account) VALUES (?, '{}')", name);
  db.commit();
  const owed = new OwedLinks(db, 2);
  expect(owed.owe(1, "works")).toBe(false);
  const disk = new DatabaseSync(path);
  disk.exec(
    "CREATE TRIGGER broken BEFORE UPDATE ON devices BEGIN SELECT RAISE (FAIL, 'disk is full'); END",
  );
  expect(() => db.run("UPDATE devices SET link = 'x'")).toThrow();
  expect([1, 1, 2, 3].map((device, i) => owed.owe(device, `${i}`))).toEqual([
    true,
    true,
    true,
    false,
  ]);
  owed.settle(2);
  disk.exec("DROP TRIGGER broken");
  disk.close();
  await vi.waitFor(() => expect(owed.of(1)).toBeUndefined(), { timeout: 10_000 });
  expect(db.all("SELECT link FROM devices ORDER BY id")).toEqual([
    { link: "1" },
    { link: null },
    { link: null },
  ]);
});
