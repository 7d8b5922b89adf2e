/**
 * Bundles the `pushmesh` command into dist/cli/, for the package: Node strips no types from what is installed.
 *
 *     node scripts/build/cli.ts [FOLDER in place of dist]
 */
import { appendFileSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const outfile = `${process.argv[2] ?? "dist"}/cli/main.js`;
const { version } = JSON.parse(
  readFileSync(new URL("../../package.json", import.meta.url), "utf8"),
);
const { metafile } = await build({
  absWorkingDir: fileURLToPath(new URL("../..", import.meta.url)),
  define: {
    PUSHMESH_VERSION: JSON.stringify(version),
    // http-message-sig asks whether what it signs is one of these, which a command never has. In Node, to ask loads all that fetch is made of: 0.1 s of
    // a core.
    Request: "undefined",
    Response: "undefined",
  },
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
  // A short command takes a seventh less so (0.173 s of a core, where it took 0.202). Names stay for stacks, and lines short enough to be printed.
  minifyWhitespace: true,
  lineLimit: 200,
  legalComments: "none",
  metafile: true,
  logLevel: "warning",
});
// By these, which the bundler has left out with all space, scripts/build/packages.ts finds whose licences the package needs.
const packages = Object.keys(metafile.inputs).flatMap(
  (path) => /^node_modules\/(?:@[^/]+\/)?[^/]+\//.exec(path) ?? [],
);
appendFileSync(outfile, [...new Set(packages)].map((path) => `// ${path}\n`).join(""));
console.log(outfile);
