/** A database as a first start that was killed leaves it. */
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, onTestFinished, test } from "vitest";
import { openDatabase } from "../../../../hosts/deno/store/open.ts";

function fileOf(): string {
  const folder = mkdtempSync(join(tmpdir(), "pushmesh-open-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return join(folder, "mesh.db");
}

const BEGUN: readonly (readonly [string, (file: string) => void])[] = [
  ["empty", (file) => writeFileSync(file, "")],
  ["without tables", withoutTables],
];

/** Its log was chosen, and the transaction that makes the tables did not come to its end. */
function withoutTables(file: string): void {
  const database = new DatabaseSync(file);
  database.exec("PRAGMA journal_mode = WAL");
  database.close();
  expect(statSync(file).size).toBeGreaterThan(0);
}

test.each(BEGUN)(
  "P1.2 a first start that was killed is begun again: its file is %s",
  (_, begin) => {
    const file = fileOf();
    begin(file);
    const db = openDatabase(file, { isNew: true });
    expect(db.get("SELECT count(*) AS n FROM devices")).toEqual({ n: 0 });
    db.close();
  },
);

test.each(BEGUN)("H4 where a mesh has run, a file that is %s is refused", (_, begin) => {
  const file = fileOf();
  begin(file);
  expect(() => openDatabase(file)).toThrow(/is damaged \(it holds no mesh\)/);
});

test("H4 what is no database is refused at a first start too", () => {
  const file = fileOf();
  writeFileSync(file, "no database at all, though somebody put it there");
  expect(() => openDatabase(file, { isNew: true })).toThrow(
    /is damaged \(file is not a database\)/,
  );
});
