// @ts-check
/** `npm run dev`: wrangler dev with reload. Makes `.dev.vars`, the secrets of the local mesh, where there is none. */
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { main, ROOT, run, setup } from "./setup.mjs";

function makeSecrets() {
  const lines = [
    "# Secrets of the local mesh of `npm run dev`; made by scripts/dev.mjs, and not to be deployed.",
    `MESH_KEYS=1:${randomBytes(32).toString("base64url")}`,
    `ADMIN_TOKEN=${randomBytes(24).toString("base64url")}`,
  ];
  try {
    writeFileSync(join(ROOT, ".dev.vars"), `${lines.join("\n")}\n`, { flag: "wx", mode: 0o600 });
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== "EEXIST") throw error;
  }
}

await main(async () => {
  setup();
  makeSecrets();
  return run("wrangler", ["dev", ...process.argv.slice(2)]);
});
