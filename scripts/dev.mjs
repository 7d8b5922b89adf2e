// @ts-check
/** `npm run dev`: wrangler dev with reload. Makes `.dev.vars`, the secrets of the local mesh, if there is none. */
import { join } from "node:path";
import { makeSecrets, writeSecrets } from "./secrets.mjs";
import { main, ROOT, run, setup } from "./setup.mjs";

function makeVars() {
  const lines = [
    "# Secrets of the local mesh of `npm run dev`; made by scripts/dev.mjs, and not to be deployed.",
    ...Object.entries(makeSecrets()).map(([name, value]) => `${name}=${value}`),
  ];
  try {
    writeSecrets(join(ROOT, ".dev.vars"), `${lines.join("\n")}\n`);
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== "EEXIST") throw error;
  }
}

await main(async () => {
  setup();
  makeVars();
  return run("wrangler", ["dev", ...process.argv.slice(2)]);
});
