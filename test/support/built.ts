/** What users install, built for the tests of one project below a folder from where what it imports of node_modules is found. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import { ROOT } from "./host.ts";

const CACHE = join(ROOT, "node_modules/.cache");
/** The Node that the repository installs, whichever runs the tests. */
export const NODE = join(ROOT, "node_modules/.bin/node");

/**
 * @param script of scripts/, which takes the folder in place of dist
 * @returns the folder, and what removes it
 */
export function built(script: string): { readonly folder: string; readonly remove: () => void } {
  mkdirSync(CACHE, { recursive: true });
  const folder = mkdtempSync(join(CACHE, "pushmesh-built-"));
  execFileSync(NODE, [join(ROOT, "scripts", script), relative(ROOT, folder)], { cwd: ROOT });
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
