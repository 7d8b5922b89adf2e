/**
 * Builds the SDKs into dist/sdk/ and dist/types/: bundles by esbuild, declarations by tsc.
 *
 *     node scripts/build-sdk.ts [FOLDER in place of dist]
 *
 * Fails where the device SDK weighs more in a browser than it may.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

/**
 * Fields of the link's own state and of the frames it reads: no user of the SDK sees them, and a bundle may call them
 * anything, in the codec's shapes as everywhere. 140 bytes by gzip.
 */
const INTERNAL =
  /^(?:reconnect(?:Base|Max|Within)Ms|heartbeat(?:Min|Max)?Ms|goawayMs|serverTimeMs|maxFrameBytes|probing|failures|faults)$/;

/** What the device SDK may weigh for a web page, compressed by gzip: the bound of docs/decisions/0005. */
const BROWSER_GZIP_BYTES_MAX = 15_616;

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..");
const FOLDER = process.argv[2] ?? "dist";
const OUT = join(ROOT, FOLDER, "sdk");
const TYPES = join(FOLDER, "types");

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
  { source: "sdk/device/node.ts", out: "device-node.js", platform: "node" },
  { source: "sdk/server/mod.ts", out: "server.js", platform: "neutral" },
];

/** Bundles one entry; the answer says whether it keeps its bound. */
async function bundle({ source, out, platform, maxGzipBytes }: Entry): Promise<boolean> {
  const { outputFiles } = await build({
    absWorkingDir: ROOT,
    entryPoints: [source],
    outfile: join(OUT, out),
    bundle: true,
    minify: true,
    // What a user steps into is the source, and a stack names its lines.
    sourcemap: "linked",
    mangleProps: INTERNAL,
    format: "esm",
    target: "es2024",
    charset: "utf8",
    platform,
    // Packages that an SDK needs are its user's to install, once, except in a browser's one file.
    packages: platform === "browser" ? "bundle" : "external",
    write: false,
  });
  mkdirSync(OUT, { recursive: true });
  for (const { path, contents } of outputFiles) writeFileSync(path, contents);
  const bytes = outputFiles.find(({ path }) => path.endsWith(out))?.contents ?? new Uint8Array();
  const gzipBytes = gzipSync(bytes, { level: 9 }).length;
  const bound = maxGzipBytes === undefined ? "" : ` of at most ${maxGzipBytes}`;
  console.log(`${FOLDER}/sdk/${out}: ${bytes.length} bytes, ${gzipBytes} by gzip${bound}`);
  return gzipBytes <= (maxGzipBytes ?? Number.POSITIVE_INFINITY);
}

/** Declarations beside the bundles: types/sdk/device/mod.d.ts and so on. */
function declare(entries: readonly Entry[]): void {
  const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
  const options = ["--declaration", "--emitDeclarationOnly", "--noEmit", "false"];
  execFileSync(
    process.execPath,
    [tsc, "-p", "sdk", ...options, "--rootDir", ".", "--outDir", TYPES],
    { cwd: ROOT, stdio: "inherit" },
  );
  for (const { source } of entries) {
    const path = join(TYPES, source.replace(/\.ts$/, ".d.ts"));
    if (!existsSync(join(ROOT, path))) throw new Error(`tsc wrote no ${path}`);
  }
}

for (const folder of [OUT, join(ROOT, TYPES)]) rmSync(folder, { recursive: true, force: true });
const entries = ENTRIES.filter(({ source }) => existsSync(join(ROOT, source)));
const kept = await Promise.all(entries.map(bundle));
declare(entries);
if (kept.includes(false)) {
  console.error("The device SDK is over its bound for browsers.");
  process.exitCode = 1;
}
