/**
 * Writes test/mesh/generated/openapi.d.ts, the types of a client, from docs/openapi.json, by `openapi-typescript`.
 * `node scripts/generate-client-types.ts [--check]`.
 *
 * --check writes nothing and exits with 1 if they are not current.
 */
import { registerHooks } from "node:module";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { putGenerated } from "./generated-file.ts";

const ROOT = resolve(import.meta.dirname, "..");

// It makes its types by TypeScript 5, whose API TypeScript 7 lacks; ts-morph brings one.
const compiler = `import common from ${JSON.stringify(import.meta.resolve("@ts-morph/common"))};
export default common.ts;`;
registerHooks({
  resolve: (name, context, next) =>
    name === "typescript"
      ? next(`data:text/javascript,${encodeURIComponent(compiler)}`, context)
      : next(name, context),
});

const { astToString, default: openapi } = await import("openapi-typescript");
const ast = await openapi(pathToFileURL(resolve(ROOT, "docs/openapi.json")), {
  // A field with a default is one that a caller may leave out.
  defaultNonNullable: false,
});
putGenerated(
  resolve(ROOT, "test/mesh/generated/openapi.d.ts"),
  `/** Made by scripts/generate-client-types.ts from docs/openapi.json. */\n${astToString(ast)}`,
  process.argv.includes("--check"),
);
