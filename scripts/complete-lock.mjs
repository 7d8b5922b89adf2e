// @ts-check
/**
 * Adds to package-lock.json the optional binaries of other platforms that npm left out. Without these entries
 * `npm ci` calls the lock out of step with package.json, and the clone would install on this platform alone. Every
 * entry gets the integrity that the registry returns: without one, npm would install a tampered binary.
 *
 * Run it after `npm install` has changed the lock: `node scripts/complete-lock.mjs`.
 */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./setup.mjs";

/** Words of package names, and what they mean in a package's `os`, `cpu` and `libc`. */
const OS = new Map([
  ["android", "android"],
  ["darwin", "darwin"],
  ["linux", "linux"],
  ["win32", "win32"],
  ["windows", "win32"],
]);
const CPU = new Map([
  ["64", "x64"],
  ["x64", "x64"],
  ["arm64", "arm64"],
]);
const LIBC = new Map([
  ["glibc", "glibc"],
  ["musl", "musl"],
]);

/**
 * @typedef {{ version?: string, integrity?: string, link?: boolean, dev?: boolean, optional?: boolean, os?: string[], cpu?: string[], libc?: string[],
 *   optionalDependencies?: Record<string, string> }} Locked
 */

/**
 * @param {string} name
 * @param {Map<string, string>} words
 */
const meaning = (name, words) =>
  name
    .split(/[-/]/)
    .flatMap((word) => words.get(word) ?? [])
    .slice(0, 1);

/**
 * @param {string} name such as @biomejs/cli-darwin-arm64
 * @param {string} version
 * @returns {Locked | undefined} undefined if the name contains no platform, as that of fsevents, which mirrors do serve.
 */
function entry(name, version) {
  const [os, cpu, libc] = [OS, CPU, LIBC].map((words) => meaning(name, words));
  if (!os?.length || !cpu?.length) return undefined;
  return { version, cpu, dev: true, ...(libc?.length && { libc }), optional: true, os };
}

/**
 * @param {string} path in the lock
 * @param {string} version
 * @returns {string} as package-lock.json writes it
 */
function integrityOf(path, version) {
  const name = path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
  const args = ["view", `${name}@${version}`, "dist.integrity"];
  const integrity = execFileSync("npm", args, { encoding: "utf8" }).trim();
  if (!integrity.startsWith("sha512-")) throw new Error(`the registry has no integrity of ${name}`);
  return integrity;
}

const file = join(ROOT, "package-lock.json");
const lock = JSON.parse(readFileSync(file, "utf8"));
/** @type {Record<string, Locked>} */
const packages = lock.packages;
for (const [path, { optionalDependencies = {} }] of Object.entries(packages)) {
  // npm puts the binaries of a nested package beside it, in the same node_modules.
  const beside = path.slice(0, path.lastIndexOf("node_modules/") + "node_modules/".length);
  for (const [name, version] of Object.entries(optionalDependencies)) {
    const missing = packages[`${beside}${name}`] === undefined ? entry(name, version) : undefined;
    if (missing !== undefined) {
      packages[`${beside}${name}`] = missing;
      process.stdout.write(`added ${beside}${name} ${version}\n`);
    }
  }
}
for (const [path, locked] of Object.entries(packages)) {
  // Of this repository, as bench/ is.
  if (!path.includes("node_modules/") || locked.link === true) continue;
  if (locked.integrity !== undefined) continue;
  const { version = "", ...rest } = locked;
  // In npm's own order of fields, so that its next write changes nothing.
  packages[path] = { version, integrity: integrityOf(path, version), ...rest };
  process.stdout.write(`integrity of ${path} ${version}\n`);
}
const byPath = Object.entries(packages).sort(([a], [b]) => a.localeCompare(b, "en"));
lock.packages = Object.fromEntries(byPath);
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
