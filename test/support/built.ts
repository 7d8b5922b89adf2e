/** What users install, built once for a run of tests, below a folder from where what it imports of node_modules is found. */
import { execFileSync } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import { ROOT } from "./host.ts";

const CACHE = join(ROOT, "node_modules/.cache");
/** Of this process, whose projects are set up one after another. */
const RUN = `${process.pid}-${Math.round(performance.timeOrigin)}`;
/** The Node that the repository installs, whichever runs the tests. */
export const NODE = join(ROOT, "node_modules/.bin/node");

/**
 * @param what the name of a script in scripts/build/, which takes the folder in place of dist
 * @returns the folder, and what removes it
 */
export function built(what: string): { readonly folder: string; readonly remove: () => void } {
  const folder = join(CACHE, `pushmesh-${RUN}-${what}`);
  if (!existsSync(folder))
    execFileSync(NODE, [join(ROOT, "scripts/build", `${what}.ts`), relative(ROOT, folder)], {
      cwd: ROOT,
    });
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
