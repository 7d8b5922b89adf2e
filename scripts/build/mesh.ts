/**
 * Bundles the mesh for its package: the worker for wrangler and for workerd, and the hosts of one machine.
 *
 *     node scripts/build/mesh.ts [FOLDER in place of dist]
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type BuildOptions, build, type Plugin } from "esbuild";
import { parse } from "smol-toml";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const OUT = process.argv[2] ?? "dist";

/** Of a worker, as wrangler and hosts/workerd/bundle.ts make it. */
const WORKER: BuildOptions = {
  conditions: ["workerd", "worker", "browser"],
  external: ["cloudflare:*", "node:*"],
};
/** Modules of which the package has its own. */
const replaced: Plugin = {
  name: "replaced",
  setup({ onResolve }) {
    const own = (name: string) => ({ path: join(ROOT, "packages/mesh", name) });
    onResolve({ filter: /\/bundle\.ts$/ }, ({ importer }) =>
      importer.startsWith(join(ROOT, "hosts/workerd")) ? own("bundled-worker.ts") : undefined,
    );
    onResolve({ filter: /^workerd$/ }, () => own("lazy-workerd.ts"));
  },
};
const NODE: BuildOptions = { platform: "node", target: "node22.13", plugins: [replaced] };
/** Deno is Node enough for what a bundler has to know. */
const DENO: BuildOptions = { platform: "node" };

const OUTPUTS: readonly (readonly [out: string, source: string, options: BuildOptions])[] = [
  ["worker.js", "worker/index.ts", WORKER],
  ["workerd/worker.js", "hosts/workerd/entry/index.ts", WORKER],
  ["hosts/deno.js", "hosts/deno/serve.ts", DENO],
  ["hosts/workerd.js", "hosts/workerd/serve.ts", NODE],
  ["hosts/move.js", "hosts/move/mod.ts", NODE],
  ["start.js", "packages/mesh/start.ts", NODE],
];

/** The declarations of the worker: what an entry that exports it again has to know. */
function workerTypes(): string {
  const { durable_objects } = parse(readFileSync(join(ROOT, "wrangler.toml"), "utf8")) as {
    durable_objects: { bindings: { class_name: string }[] };
  };
  const classes = durable_objects.bindings.map(
    ({ class_name }) =>
      `export declare class ${class_name} {\n  constructor(state: unknown, env: unknown);\n}`,
  );
  return `/** The worker of the mesh, for the main module of a project that wrangler deploys. */
declare const worker: {
  fetch(request: unknown, env: unknown, context: unknown): Promise<unknown>;
};
export default worker;
${classes.join("\n")}
`;
}

const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
await Promise.all(
  OUTPUTS.map(async ([out, source, options]) => {
    const outfile = join(OUT, out);
    await build({
      absWorkingDir: ROOT,
      entryPoints: [source],
      outfile,
      bundle: true,
      format: "esm",
      target: "es2024",
      logLevel: "warning",
      legalComments: "inline",
      define: { PUSHMESH_VERSION: JSON.stringify(version) },
      ...options,
    });
    console.log(outfile);
  }),
);
mkdirSync(join(ROOT, OUT), { recursive: true });
writeFileSync(join(ROOT, OUT, "worker.d.ts"), workerTypes());
