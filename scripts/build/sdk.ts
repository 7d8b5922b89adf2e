/**
 * Builds the SDKs into dist/sdk/ and dist/types/: one readable module an entry by rolldown, declarations by tsc.
 *
 * Not minified: a Node that ends by an error prints the line it was thrown on. Whoever builds for browsers minifies, and
 * rolldown keeps what a minifier needs for that: constants are `const`, which esbuild's own bundles turn into `var`.
 *
 *     node scripts/build/sdk.ts [FOLDER in place of dist]
 *
 * Fails if a web page's bundler, esbuild, makes more of the device SDK than it may weigh.
 */
import { readFileSync, rmSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { rolldown } from "rolldown";
import { writeDeclarations } from "./types/declarations.ts";

/** What the SDK may weigh for a web page, compressed by gzip: the bounds of docs/decisions/0005. */
const BOUNDS = {
  /** What every page loads. */
  device: 11_800,
  /** With the script that the tab with the link loads too. */
  deviceWithLink: 39_300,
  live: 3_495,
} as const;

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "../..");
const FOLDER = process.argv[2] ?? "dist";
const OUT = join(ROOT, FOLDER, "sdk");
const TYPES = join(ROOT, FOLDER, "types");

interface Entry {
  readonly source: string;
  readonly out: string;
  readonly platform: "browser" | "node" | "neutral";
  readonly maxGzipBytes?: number;
  /** Of an entry that loads more when it needs it: the bound of all of it. */
  readonly maxGzipBytesInAll?: number;
  /** What it imports instead of bringing it, by the end of its path: the specifier in the bundle. */
  readonly imports?: Readonly<Record<string, string>>;
}

const ENTRIES: readonly Entry[] = [
  {
    source: "sdk/device/mod.ts",
    out: "device.js",
    platform: "browser",
    maxGzipBytes: BOUNDS.device,
    maxGzipBytesInAll: BOUNDS.deviceWithLink,
  },
  { source: "sdk/device/shared-worker.ts", out: "shared-worker.js", platform: "browser" },
  {
    source: "sdk/device/live/mod.ts",
    out: "live.js",
    platform: "browser",
    maxGzipBytes: BOUNDS.live,
  },
  { source: "sdk/device/encryption/mod.ts", out: "encryption.js", platform: "browser" },
  { source: "sdk/device/sw/mod.ts", out: "sw.js", platform: "browser" },
  {
    source: "sdk/react/mod.ts",
    out: "react.js",
    platform: "browser",
    // An app has one React. And one class of errors, whichever way it listens.
    imports: { react: "react", "device/live/mod.ts": "./live.js" },
  },
  { source: "sdk/device/node.ts", out: "device-node.js", platform: "node" },
  { source: "sdk/server/mod.ts", out: "server.js", platform: "neutral" },
];

/** Bundles one entry; the answer says whether it keeps its bounds. */
async function bundle(entry: Entry): Promise<boolean> {
  const { source, out, platform, maxGzipBytes, maxGzipBytesInAll, imports = {} } = entry;
  const imported = (id: string) => Object.keys(imports).find((end) => id.endsWith(end));
  const bundle = await rolldown({
    cwd: ROOT,
    input: source,
    platform,
    // An SDK brings what it needs in its own file: who installs it gets no other package.
    external: (id) =>
      imported(id) !== undefined || (platform !== "browser" && id.startsWith("node:")),
    transform: { target: "es2024" },
    optimization: { inlineConst: { mode: "all", pass: 2 } },
  });
  await bundle.write({
    dir: OUT,
    entryFileNames: out,
    chunkFileNames: out.replace(/\.js$/, "-[name].js"),
    codeSplitting: maxGzipBytesInAll !== undefined,
    format: "esm",
    paths: (id) => imports[imported(id) ?? ""] ?? id,
    // What a user steps into is the source, and with source maps a stack names its lines.
    sourcemap: true,
  });
  await bundle.close();
  const shipped = `${FOLDER}/sdk/${out}: ${readFileSync(join(OUT, out)).length} bytes`;
  if (maxGzipBytes === undefined) {
    console.log(shipped);
    return true;
  }
  const { first, all } = await browserBytes(join(OUT, out));
  const inAll =
    maxGzipBytesInAll === undefined
      ? ""
      : `, with what it loads when it needs it ${all} of at most ${maxGzipBytesInAll}`;
  console.log(`${shipped}, minified ${first} by gzip of at most ${maxGzipBytes}${inAll}`);
  return first <= maxGzipBytes && all <= (maxGzipBytesInAll ?? maxGzipBytes);
}

/** What a web page's bundler makes of an entry, compressed by gzip: what a page loads at first, and in all. */
async function browserBytes(file: string): Promise<{ first: number; all: number }> {
  const { outputFiles, metafile } = await build({
    entryPoints: [file],
    outdir: "out",
    bundle: true,
    splitting: true,
    minify: true,
    format: "esm",
    metafile: true,
    write: false,
  });
  /** By path, as the metafile has it. */
  const bytes = new Map(
    outputFiles.map(({ path, contents }) => [
      relative(process.cwd(), path),
      gzipSync(contents, { level: 9 }).length,
    ]),
  );
  const first = new Set<string>();
  const load = (path: string): void => {
    if (first.has(path)) return;
    first.add(path);
    for (const { path: imported, kind } of metafile.outputs[path]?.imports ?? [])
      if (kind === "import-statement") load(imported);
  };
  for (const [path, { entryPoint }] of Object.entries(metafile.outputs))
    if (entryPoint !== undefined && resolve(entryPoint) === file) load(path);
  const sum = (paths: Iterable<string>) =>
    [...paths].reduce((total, path) => total + (bytes.get(path) ?? 0), 0);
  return { first: sum(first), all: sum(bytes.keys()) };
}

for (const folder of [OUT, TYPES]) rmSync(folder, { recursive: true, force: true });
const kept = await Promise.all(ENTRIES.map(bundle));
writeDeclarations(
  ROOT,
  ENTRIES.map(({ source }) => source),
  TYPES,
);
if (kept.includes(false)) {
  console.error("The device SDK is over its bound for browsers.");
  process.exitCode = 1;
}
