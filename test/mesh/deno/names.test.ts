/** Names with what a text column of Deno's SQLite would lose. */
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOT, start, temporaryFolder } from "../support/process.ts";

test("tags, aliases and collapse keys are read whole, NUL and all", async () => {
  const deno = join(ROOT, "node_modules/.bin/deno");
  const script = join(ROOT, "test/mesh/deno/inside/names.ts");
  const run = start(deno, ["run", "--quiet", "-A", script, temporaryFolder()], {});
  expect(await run.exited).toBe(0);
  const { name, woke, later } = JSON.parse(run.stdout.text);
  expect(woke).toEqual([name, name, name, name]);
  expect(later).toEqual(woke);
});
