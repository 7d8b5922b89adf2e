/** The SDKs as they are published, built for one file of tests: files run side by side, and a build begins by deleting. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import { afterAll } from "vitest";
import { ROOT } from "../support/host.ts";

/** Below it, what the SDK imports of node_modules is found. */
const CACHE = join(ROOT, "node_modules/.cache");

/**
 * Builds them; fails where the device SDK is over its bound.
 *
 * @returns the folder of the bundles, which goes with the file's tests.
 */
export function buildSdk(): string {
  mkdirSync(CACHE, { recursive: true });
  const folder = mkdtempSync(join(CACHE, "pushmesh-sdk-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const args = [join(ROOT, "scripts/build-sdk.ts"), relative(ROOT, folder)];
  execFileSync(join(ROOT, "node_modules/.bin/node"), args, { cwd: ROOT });
  return join(folder, "sdk");
}
