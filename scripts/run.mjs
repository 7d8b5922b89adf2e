// @ts-check
/**
 * `node scripts/run.mjs FILE [ARG…]`: runs a script of this repository on its own Node, after set-up.
 * `node scripts/run.mjs --tool NAME [ARG…]`: the same for a tool of node_modules/.bin.
 */
import { main, run, SetupError, setup } from "./setup.mjs";

await main(async () => {
  const [first, ...rest] = process.argv.slice(2);
  if (first === undefined) throw new SetupError("usage: node scripts/run.mjs FILE [ARG…]");
  setup();
  if (first !== "--tool") return run("node", [first, ...rest]);
  const [tool, ...args] = rest;
  if (tool === undefined) throw new SetupError("usage: node scripts/run.mjs --tool NAME [ARG…]");
  return run(tool, args);
});
