/** What holds secrets is in every ignore file of the project, so that no commit, image or package takes it along. */
import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { ROOT, read } from "./imports.ts";

/** What the commands and the documents call them. */
const SECRET = [
  ".pushmesh/secrets.json",
  ".pushmesh-device/account.json",
  "secrets.json",
  "secrets-staging.json",
  "mesh.ndjson",
  "exports/mesh.ndjson",
  "backups/monday/mesh.db",
  "copy/mesh.db",
  "copy/mesh.db-wal",
  "copy/demo.json",
  ".dev.vars",
  ".env",
  "server.pem",
];

test.each(SECRET)("S61 git ignores %s", (path) => {
  const ignored = execFileSync("git", ["check-ignore", "--no-index", path], {
    cwd: ROOT,
    encoding: "utf8",
  });
  expect(ignored.trim()).toBe(path);
});

/** A pattern of .dockerignore, with what is in a folder that it names. */
function matches(pattern: string, path: string): boolean {
  const text = pattern
    .replaceAll(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("**/", "(?:.*/)?")
    .replaceAll(/(?<!\.)\*/g, "[^/]*")
    .replace(/\/$/, "");
  return new RegExp(`^${text}(/|$)`).test(path);
}

test.each(SECRET)("S61 an image does not contain %s", (path) => {
  const patterns = read(".dockerignore")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
  expect(patterns.some((pattern) => matches(pattern, path))).toBe(true);
});

test.each(["pushmesh", "mesh"])(
  "S61 the package %s has only named folders and files, none of which holds data",
  (name) => {
    const manifest = read(`packages/${name}/package.json`);
    const { files } = JSON.parse(manifest) as { files: readonly string[] };
    expect(files.length).toBeGreaterThan(0);
    for (const entry of files)
      expect(SECRET.some((path) => path.startsWith(`${entry}/`))).toBe(false);
  },
);
