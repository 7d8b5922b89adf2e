// @ts-check
/** The static checks: lint and format, types of every folder, generated files current. */
import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { ROOT } from "./setup.mjs";

const BIN = join(ROOT, "node_modules", ".bin");
/** Folders that hold no sources of ours. */
const SKIPPED = new Set(["node_modules", "dist", ".git", ".pushmesh", ".wrangler"]);

/**
 * Every folder with a tsconfig.json of its own, so that a new folder cannot be forgotten here.
 *
 * @param {string} folder relative to the repository; "" is the repository, whose tsconfig.json is the common base.
 * @returns {string[]}
 */
function typedFolders(folder = "") {
  return readdirSync(join(ROOT, folder), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !SKIPPED.has(entry.name))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      const own = existsSync(join(ROOT, path, "tsconfig.json")) ? [path] : [];
      return [...own, ...typedFolders(path)];
    });
}

/** @returns {{ name: string, command: string, args: string[] }[]} */
function steps() {
  const generators = readdirSync(join(ROOT, "scripts")).filter((name) =>
    /^generate-.*\.ts$/.test(name),
  );
  return [
    { name: "biome", command: "biome", args: ["check", "--error-on-warnings", "."] },
    ...typedFolders().map((folder) => ({
      name: `tsc ${folder}`,
      command: "tsc",
      args: ["-p", folder],
    })),
    ...generators.map((file) => ({
      name: `${file} --check`,
      command: "node",
      args: [join("scripts", file), "--check"],
    })),
  ];
}

/**
 * @param {{ command: string, args: string[] }} step
 * @returns {Promise<string | undefined>} what it printed, where it failed.
 */
function runStep({ command, args }) {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, PATH: `${BIN}:${process.env["PATH"] ?? ""}` };
    const child = spawn(join(BIN, command), args, { cwd: ROOT, env });
    let output = "";
    child.stdout.on("data", (chunk) => {
      output += chunk;
    });
    child.stderr.on("data", (chunk) => {
      output += chunk;
    });
    child.on("error", reject);
    child.on("close", (code) => resolve(code === 0 ? undefined : output));
  });
}

/**
 * Runs them all, as many at a time as there are cores, and prints a line for each.
 *
 * @returns {Promise<number>} how many failed.
 */
export async function runChecks() {
  let failed = 0;
  const waiting = steps();
  const runInTurn = async () => {
    for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) {
      const output = await runStep(step);
      if (output === undefined) {
        process.stdout.write(`ok      ${step.name}\n`);
      } else {
        failed += 1;
        process.stdout.write(`FAILED  ${step.name}\n${output}\n`);
      }
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, runInTurn));
  return failed;
}
