// @ts-check
/** The static checks: lint and format, types of every folder, generated files current. */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
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

/**
 * Folders with the same compiler options, as programs. Most of what a folder's program checks is what it imports, which others do as
 * well: 18 programs took 98 s of a core, these, with one checker each, 26 s.
 *
 * @returns {{ name: string, project: string }[]}
 */
function programs() {
  /** @typedef {{ folders: string[], options: object, include: string[], exclude: string[] }} Program */
  /** @type {Map<string, Program>} */
  const all = new Map();
  for (const folder of typedFolders()) {
    const {
      compilerOptions,
      include,
      exclude = [],
    } = JSON.parse(readFileSync(join(ROOT, folder, "tsconfig.json"), "utf8"));
    const options = compilerOptions ?? {};
    // Its paths are relative to the folder.
    const key = JSON.stringify("paths" in options ? folder : options);
    /** @type {Program} */
    const program = all.get(key) ?? { folders: [], options, include: [], exclude: [] };
    all.set(key, program);
    program.folders.push(folder);
    /** @param {string} pattern */
    const fromRoot = (pattern) => join(ROOT, folder, pattern);
    program.include.push(...include.map(fromRoot));
    program.exclude.push(...exclude.map(fromRoot));
  }
  return [...all.values()].map(({ folders, options, include, exclude }) => {
    const [first = ""] = folders;
    const name = `tsc ${folders.join(" ")}`;
    if (folders.length === 1) return { name, project: first };
    const project = join("node_modules/.cache/pushmesh-check", first.replaceAll(/\W/g, "-"));
    mkdirSync(join(ROOT, project), { recursive: true });
    const config = {
      extends: join(ROOT, "tsconfig.json"),
      compilerOptions: options,
      include,
      exclude,
    };
    writeFileSync(join(ROOT, project, "tsconfig.json"), JSON.stringify(config));
    return { name, project };
  });
}

/** @returns {{ name: string, command: string, args: string[] }[]} */
function steps() {
  const generators = readdirSync(join(ROOT, "scripts")).filter((name) =>
    /^generate-.*\.ts$/.test(name),
  );
  return [
    { name: "biome", command: "biome", args: ["check", "--error-on-warnings", "."] },
    ...programs().map(({ name, project }) => ({
      name,
      command: "tsc",
      // More checkers would check what they share once each.
      args: ["-p", project, "--checkers", "1"],
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
 * @returns {Promise<string | undefined>} what it printed, if it failed.
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
