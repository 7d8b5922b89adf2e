/** The threat table of docs/security.md names tests that exist. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOT, read } from "./imports.ts";

const ROW =
  /^\|(?<who>[^|]+)\|(?<tries>[^|]+)\|(?<stops>[^|]+)\| `(?<title>[^`]+)` in `(?<file>[^`]+)` \|$/;
const [, table = ""] = read("docs/security.md").split("## The table");
const rows = (table.split("\n## ")[0] ?? "")
  .split("\n")
  .filter((line) => line.startsWith("| ") && !/^\| (who|---)/.test(line));

test("the threat table has at least 40 rows", () => {
  expect(rows.length).toBeGreaterThanOrEqual(40);
  expect(new Set(rows).size).toBe(rows.length);
});

test.each(rows)("%s", (row) => {
  const { title = "", file = "" } = ROW.exec(row)?.groups ?? {};
  expect(title).toMatch(/^[A-Z]\d+(\.\d+)? /);
  expect(existsSync(join(ROOT, file)), file).toBe(true);
  // At the beginning of a title, after a quote.
  const isThere = ['"', "'", "`"].some((quote) => read(file).includes(`${quote}${title}`));
  expect([title, isThere]).toEqual([title, true]);
});
