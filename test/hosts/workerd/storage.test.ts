/** Which databases of workerd's are taken for damaged before a start, and which for never written. */
import {
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, onTestFinished, test } from "vitest";
import { prepareStorage, sweepStorage } from "../../../hosts/workerd/storage.ts";
import { claimStorage } from "../../../hosts/workerd/unwritten.ts";

const PAGE = 4_096;

/** A data folder that workerd has worked in, and the path of a database of an object in it. */
function folderOf() {
  const root = mkdtempSync(join(tmpdir(), "pushmesh-storage-"));
  onTestFinished(() => rmSync(root, { recursive: true }));
  const [storage, run] = [join(root, "storage"), join(root, "run")];
  for (const made of [storage, run, join(storage, "class")]) mkdirSync(made);
  claimStorage(storage, run);
  const file = join(storage, "class", `${"a".repeat(64)}.sqlite`);
  return { root, storage, run, file, prepare: () => prepareStorage(storage, run) };
}

/** As `open` with O_CREAT does. */
const make = (file: string): void => closeSync(openSync(file, "wx"));

/** Nobody writes a file in the very moment in which it was made. */
function touch(file: string): void {
  const later = statSync(file).mtimeMs / 1_000 + 1;
  utimesSync(file, later, later);
}

/** The head of a journal: of a transaction that found so many pages. */
function journal(pages: number, hasBegun = true): Buffer {
  const head = Buffer.alloc(512);
  if (hasBegun) head.write("d9d505f920a163d7", "hex");
  head.writeUInt32BE(0x20c22d42, 12);
  head.writeUInt32BE(pages, 16);
  head.writeUInt32BE(512, 20);
  head.writeUInt32BE(PAGE, 24);
  return head;
}

describe("P1.2 a database whose making a kill ended is removed", () => {
  test.each([
    ["before its journal", undefined, false],
    ["with an empty journal", Buffer.alloc(0), false],
    ["before its journal was synced", journal(0, false), false],
    ["before its first page", journal(0), false],
    ["after its first page", journal(0), true],
  ])("P1.2 %s", (_, side, hasPage) => {
    const { file, prepare } = folderOf();
    make(file);
    if (side !== undefined) writeFileSync(`${file}-journal`, side);
    if (hasPage) writeFileSync(file, Buffer.alloc(PAGE, 1));
    expect(prepare()).toBe(1);
    for (const suffix of ["", "-journal"]) expect(existsSync(file + suffix)).toBe(false);
    expect(prepare()).toBe(0);
  });

  test("P1.2 that of a class's alarms too", () => {
    const { storage, prepare } = folderOf();
    const file = join(storage, "class", "metadata.sqlite");
    make(file);
    expect(prepare()).toBe(1);
    expect(existsSync(file)).toBe(false);
  });

  test("H6 before workerd is started again, so that it does not begin it anew", () => {
    const { storage, file } = folderOf();
    writeFileSync(file, Buffer.alloc(PAGE, 1));
    writeFileSync(`${file}-journal`, journal(0));
    sweepStorage(storage);
    for (const suffix of ["", "-journal"]) expect(existsSync(file + suffix)).toBe(false);
  });
});

describe("H4 a database that was emptied is refused, and left as it is", () => {
  const damaged = /a{64}\.sqlite is damaged \(it is empty\)/;

  test("H4 in the folder that it was written in", () => {
    const { file, prepare } = folderOf();
    make(file);
    touch(file);
    expect(prepare).toThrow(damaged);
    expect(statSync(file).size).toBe(0);
  });

  test("H4 with a log that has something", () => {
    const { file, prepare } = folderOf();
    make(file);
    writeFileSync(`${file}-wal`, "frames");
    expect(prepare).toThrow(damaged);
  });

  test.each([true, false])(
    "H4 in a copy of that folder (with its times: %s)",
    (preserveTimestamps) => {
      const { root, file } = folderOf();
      make(file);
      const copy = `${root}-copy`;
      onTestFinished(() => rmSync(copy, { recursive: true }));
      cpSync(root, copy, { recursive: true, preserveTimestamps });
      expect(() => prepareStorage(join(copy, "storage"), join(copy, "run"))).toThrow(damaged);
    },
  );

  test("H4 also beside some that were never written, which are left then", () => {
    const { storage, file, prepare } = folderOf();
    make(file);
    touch(file);
    const other = join(storage, "class", `${"b".repeat(64)}.sqlite`);
    make(other);
    expect(prepare).toThrow(damaged);
    expect(existsSync(other)).toBe(true);
  });
});

test("H4 a database in a transaction that a kill ended keeps what it held", () => {
  const { storage, file, prepare } = folderOf();
  const database = new DatabaseSync(file);
  database.exec("CREATE TABLE kept (value TEXT); INSERT INTO kept VALUES ('mail')");
  database.close();
  writeFileSync(`${file}-journal`, journal(2));
  sweepStorage(storage);
  expect(prepare()).toBe(0);
  expect(existsSync(`${file}-journal`)).toBe(true);
});
