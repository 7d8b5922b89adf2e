/** Files and folders that one can read: what has grown beyond is named here, and nothing else may. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { ROOT, read } from "./imports.ts";

const LINES = 400;
const FILES = 20;

/** Generated: nobody reads them from end to end. */
const GENERATED = /(^|\/)generated\/|^bench\/results\/|(^|\/)package-lock\.json$/;

/** To be cut. Take a line out once it is; none is to be added. */
const LONG_FILES: readonly string[] = ["test/core/device/broadcasts/world.ts"];

/** What the repository has or is about to have: a file that was moved and not yet committed counts where it is now. */
const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
  cwd: ROOT,
  encoding: "utf8",
})
  .split("\n")
  .filter((file) => file !== "" && existsSync(join(ROOT, file)));

const sources = files.filter((file) => /\.m?[jt]s$/.test(file) && !GENERATED.test(file));

test("no source has more than 400 lines", () => {
  expect(sources.length).toBeGreaterThan(500);
  const long = sources.filter((file) => read(file).split("\n").length - 1 > LINES);
  // Also one that is named and has been cut.
  expect(long.sort()).toEqual([...LONG_FILES].sort());
});

test("no folder has more than 20 files", () => {
  const counts = new Map<string, number>();
  for (const file of files) counts.set(dirname(file), (counts.get(dirname(file)) ?? 0) + 1);
  const full = [...counts].filter(([, count]) => count > FILES).map(([folder]) => folder);
  expect(full).toEqual([]);
});

/** Whether a blank line stands among the imports of a source, or between its first comment and them. */
const hasGap = (source: string): boolean =>
  /^(#!.*\n)?\/\*\*((?!\*\/)[\s\S])*\*\/\n\n+import /.test(source) ||
  /^(import .*|\} from .*);\n\n+import /m.test(source);

test("no source has a blank line before an import", () => {
  expect(sources.filter((file) => hasGap(read(file)))).toEqual([]);
});

test.each([
  '/** A. */\n\nimport "./a.ts";',
  '/**\n * A.\n */\n\nimport { a } from "./a.ts";',
  'import "./a.ts";\n\nimport "./b.ts";',
  'import {\n  a,\n} from "./a.ts";\n\nimport "./b.ts";',
])("a blank line before an import is found: %j", (source) => {
  expect(hasGap(source)).toBe(true);
});

test("a blank line before a declaration is right", () => {
  expect(hasGap('/** A. */\nimport "./a.ts";\n\n/** B. */\nexport const b = 1;\n')).toBe(false);
});
