/** Whose data folder a mesh uses. */
import { chmodSync, chownSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openDataFolder, openSecrets } from "../../../hosts/machine/data-folder.ts";
import { HostFailure } from "../../../hosts/machine/failure.ts";
import { temporaryFolder } from "../../mesh/support/process.ts";

/** Only root can give a file away; elsewhere, "/" is root's. */
const isRoot = process.getuid?.() === 0;
const OTHER = 12_345;

function refusalOf(folder: string): string {
  try {
    openDataFolder(folder);
    return "";
  } catch (error) {
    expect(error).toBeInstanceOf(HostFailure);
    return (error as Error).message;
  }
}

describe("a data folder", () => {
  test("S60 of another user is refused with one line, and left as it is", () => {
    const folder = isRoot ? temporaryFolder() : "/";
    if (isRoot) chownSync(folder, OTHER, OTHER);
    const before = statSync(folder);
    expect(refusalOf(folder)).toMatch(
      /^\S+ belongs to another user \(uid \d+, and this is \d+\): .+$/,
    );
    expect(statSync(folder).mode).toBe(before.mode);
  });

  test.runIf(isRoot)("S60 with a secrets file of another user is refused", () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "secrets.json"), "{}", { mode: 0o600 });
    chownSync(join(folder, "secrets.json"), OTHER, OTHER);
    expect(refusalOf(folder)).toContain("secrets.json belongs to another user");
  });

  test.each([0o770, 0o707, 0o777])(
    "S60 that others can write (%o) is refused with one line if there is something in it",
    (mode) => {
      const folder = temporaryFolder();
      writeFileSync(join(folder, "secrets.json"), "planted");
      chmodSync(folder, mode);
      expect(refusalOf(folder)).toMatch(/^other users can write the data folder .+$/);
      expect(statSync(folder).mode & 0o777).toBe(mode);
    },
  );

  test("S60 that is empty, or only readable by others, becomes private; what the mesh makes is private", () => {
    const empty = temporaryFolder();
    chmodSync(empty, 0o777);
    const readable = temporaryFolder();
    mkdirSync(join(readable, "storage"));
    chmodSync(readable, 0o755);
    for (const folder of [empty, readable, join(temporaryFolder(), "new")]) {
      const opened = openDataFolder(folder);
      const modeOf = (path: string) => statSync(path).mode & 0o777;
      expect([modeOf(folder), modeOf(opened.run)]).toEqual([0o700, 0o700]);
      if (folder !== readable) openSecrets(opened);
      if (folder !== readable) expect(modeOf(opened.secrets)).toBe(0o600);
    }
  });
});
