#!/usr/bin/env node
// @ts-check
/** The command of the package of the mesh: `pushmesh serve` without the client. */
import { readFileSync } from "node:fs";

// Built beside it.
const { missing, serve } = await import(new URL("../dist/start.js", import.meta.url).href);
const args = process.argv.slice(2);
const needed = missing(args);
if (needed === undefined) {
  process.exitCode = await serve(args);
} else {
  const { peerDependencies } = JSON.parse(
    readFileSync(new URL("../package.json", import.meta.url), "utf8"),
  );
  process.stderr.write(
    `pushmesh: ${needed} is not installed: npm install ${needed}@${peerDependencies[needed]}\n`,
  );
  process.exitCode = 1;
}
