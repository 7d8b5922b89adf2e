/**
 * Bundles the `pushmesh` command into dist/cli/, for the package: Node strips no types from what is installed.
 *
 *     node scripts/build/cli.ts [FOLDER in place of dist]
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const outfile = `${process.argv[2] ?? "dist"}/cli/main.js`;
const { version } = JSON.parse(
  readFileSync(new URL("../../package.json", import.meta.url), "utf8"),
);
await build({
  absWorkingDir: fileURLToPath(new URL("../..", import.meta.url)),
  define: { PUSHMESH_VERSION: JSON.stringify(version) },
  entryPoints: ["cli/main.ts"],
  outfile,
  bundle: true,
  format: "esm",
  platform: "node",
  // The oldest Node that has WebSocket and SQLite without a flag; bin/pushmesh.mjs holds it.
  target: "node22.13",
  // What is bundled of CommonJS asks for Node's modules by `require`, which a module has not.
  banner: {
    js: 'import { createRequire as pushmeshRequire } from "node:module"; const require = pushmeshRequire(import.meta.url);',
  },
  logLevel: "warning",
});
console.log(outfile);
