/** Bundles the worker for workerd, at each start: so it can never be stale. */
import { fileURLToPath } from "node:url";
import { HostFailure } from "../machine/failure.ts";
import { keepBundle, takeBundle } from "./kept-bundle.ts";

const ENTRY = fileURLToPath(new URL("entry/index.ts", import.meta.url));
const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/**
 * Writes one ES module.
 *
 * @param entry the module to bundle: the worker, unless a benchmark's control takes its place.
 * @throws {HostFailure} where a source does not build; esbuild has printed why to stderr.
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
    // esbuild keeps a process for the next build; there is none.
    await stop();
  }
}
