#!/usr/bin/env node
// @ts-check
/**
 * Launcher of the `pushmesh` command. Runs on whatever Node called it (20 or newer): in a clone it hands
 * over to the repository's own Node and the sources, installed from npm it runs the bundle in dist/.
 */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** @param {string} path relative to the package. */
const inPackage = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));

const source = inPackage("cli/main.ts");
if (existsSync(source)) {
  const { main, run, setup } = await import("../scripts/setup.mjs");
  await main(async () => {
    setup();
    const args = [source, ...process.argv.slice(2)];
    return run("node", args, { cwd: process.cwd(), watched: true });
  });
} else {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  // WebSocket and SQLite without a flag.
  if (major < 22 || (major === 22 && minor < 13)) {
    process.stderr.write(
      `pushmesh: Node 22.13 or newer is needed, this is ${process.versions.node}\n`,
    );
    process.exitCode = 1;
  } else {
    await import(new URL("../dist/cli/main.js", import.meta.url).href);
  }
}
