/** Disk that is given back when rows are gone. */
import { expect, test } from "vitest";
import { Database } from "../../../../hosts/deno/store/database.ts";
import { FreePages } from "../../../../hosts/deno/store/free-pages.ts";

const pagesOf = (db: Database) =>
  db.get<{ page_count: number }>("PRAGMA page_count")?.page_count ?? 0;

test("P8.11 pages of rows that are gone are given back, a step at a time, and what is stored stays", () => {
  const db = new Database(":memory:");
  const freePages = new FreePages(db);
  const record = "x".repeat(2_000);
  for (let n = 0; n < 1_000; n++)
    db.run("INSERT INTO aliases (name, record) VALUES (?, ?)", `a${n}`, record);
  db.commit();
  const most = pagesOf(db);
  db.run("DELETE FROM aliases WHERE name != 'a7'");
  db.commit();
  expect(pagesOf(db)).toBe(most);
  freePages.step();
  db.commit();
  expect(most - pagesOf(db)).toBeLessThanOrEqual(32);
  expect(pagesOf(db)).toBeLessThan(most);
  for (let steps = 0; steps < most; steps++) freePages.step();
  db.commit();
  expect(pagesOf(db)).toBeLessThan(most / 4);
  expect(db.all("SELECT name, record FROM aliases")).toEqual([{ name: "a7", record }]);
  db.close();
});
