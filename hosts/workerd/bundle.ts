/** Bundles the worker for workerd, at each start, so that the bundle is never stale. */
import { fileURLToPath } from "node:url";
import { HostFailure } from "../machine/failure.ts";
import { keepBundle, takeBundle } from "./kept-bundle.ts";

const ENTRY = fileURLToPath(new URL("entry/index.ts", import.meta.url));
const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/**
 * Writes one ES module.
 *
 * @param entry the module to bundle. Default: the worker; benchmarks have controls in its place.
 * @throws {HostFailure} if a source does not build; esbuild has printed the reason to stderr
 */
export async function bundleWorker(outfile: string, entry = ENTRY): Promise<void> {
  if (await takeBundle(entry, outfile)) return;
  const sources = await bundle(entry, outfile);
  await keepBundle(entry, outfile, sources);
}

/** @returns the sources, relative to the repository */
async function bundle(entry: string, outfile: string): Promise<readonly string[]> {
  const { build, stop } = await import("esbuild");
  try {
    const { metafile } = await build({
      absWorkingDir: ROOT,
      entryPoints: [entry],
      outfile,
      bundle: true,
      format: "esm",
      target: "es2024",
      conditions: ["workerd", "worker", "browser"],
      external: ["cloudflare:*", "node:*"],
      metafile: true,
      logLevel: "error",
    });
    return Object.keys(metafile.inputs);
  } catch (error) {
    throw new HostFailure("the worker does not build; see above", { cause: error });
  } finally {
    // esbuild keeps a process running for further builds.
    await stop();
  }
}
