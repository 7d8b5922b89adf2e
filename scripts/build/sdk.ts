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
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { rolldown } from "rolldown";
import { writeDeclarations } from "./types/declarations.ts";

/** What the device SDK may weigh for a web page, compressed by gzip: the bound of docs/decisions/0005. */
const BROWSER_GZIP_BYTES_MAX = 24_448;

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "../..");
const FOLDER = process.argv[2] ?? "dist";
const OUT = join(ROOT, FOLDER, "sdk");
const TYPES = join(ROOT, FOLDER, "types");

interface Entry {
  readonly source: string;
  readonly out: string;
  readonly platform: "browser" | "node" | "neutral";
  readonly maxGzipBytes?: number;
}

const ENTRIES: readonly Entry[] = [
  {
    source: "sdk/device/mod.ts",
    out: "device.js",
    platform: "browser",
    maxGzipBytes: BROWSER_GZIP_BYTES_MAX,
  },
  { source: "sdk/device/live/mod.ts", out: "live.js", platform: "browser" },
  { source: "sdk/device/encryption/mod.ts", out: "encryption.js", platform: "browser" },
  { source: "sdk/device/node.ts", out: "device-node.js", platform: "node" },
  { source: "sdk/server/mod.ts", out: "server.js", platform: "neutral" },
];

/** Bundles one entry; the answer says whether it keeps its bound. */
async function bundle({ source, out, platform, maxGzipBytes }: Entry): Promise<boolean> {
  const file = join(OUT, out);
  const bundle = await rolldown({
    cwd: ROOT,
    input: source,
    platform,
    // An SDK brings what it needs in its own file: who installs it gets no other package.
    ...(platform !== "browser" && { external: /^node:/ }),
    transform: { target: "es2024" },
  });
  // What a user steps into is the source, and with source maps a stack names its lines.
  await bundle.write({ file, format: "esm", sourcemap: true });
  await bundle.close();
  const shipped = `${FOLDER}/sdk/${out}: ${readFileSync(file).length} bytes`;
  if (maxGzipBytes === undefined) {
    console.log(shipped);
    return true;
  }
  const gzipBytes = await browserBytes(file);
  console.log(`${shipped}, minified ${gzipBytes} by gzip of at most ${maxGzipBytes}`);
  return gzipBytes <= maxGzipBytes;
}

/** What a web page's bundler makes of an entry, compressed by gzip. */
async function browserBytes(file: string): Promise<number> {
  const { outputFiles } = await build({
    entryPoints: [file],
    bundle: true,
    minify: true,
    format: "esm",
    write: false,
  });
  return gzipSync(outputFiles[0]?.contents ?? "", { level: 9 }).length;
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
