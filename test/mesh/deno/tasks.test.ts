/** The tasks of deno.json, with Deno from npm or not. */
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "../../support/host.ts";
import { temporaryFolder } from "../support/process.ts";

const { tasks } = JSON.parse(readFileSync(join(ROOT, "deno.json"), "utf8"));

// A task takes `deno` for a package's program if there is one, and reads that as JavaScript: 90 MB of machine code.
test.each(Object.keys(tasks))("deno task %s starts the Deno that runs it", (name) => {
  const folder = temporaryFolder();
  for (const file of ["deno.json", "deno.lock"]) copyFileSync(join(ROOT, file), join(folder, file));
  mkdirSync(join(folder, "node_modules/.bin"), { recursive: true });
  symlinkSync(join(ROOT, "node_modules/deno"), join(folder, "node_modules/deno"));
  const deno = join(folder, "node_modules/.bin/deno");
  symlinkSync("../deno/deno", deno);
  const [program = ""] = /\S+\.m?[jt]s$/.exec(tasks[name].command) ?? [];
  mkdirSync(dirname(join(folder, program)), { recursive: true });
  writeFileSync(join(folder, program), "console.log(Deno.execPath(), ...Deno.args);");
  const said = execFileSync(deno, ["task", "--quiet", name, "--port", "0"], {
    cwd: folder,
    encoding: "utf8",
    env: { ...process.env, PATH: "/usr/bin:/bin" },
  });
  expect(said.trim()).toMatch(/\/deno --port 0$/);
});
