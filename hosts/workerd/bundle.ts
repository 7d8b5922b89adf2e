/** Bundles the worker for workerd. Takes about 0.1 s, so it is done at each start and can never be stale. */
import { fileURLToPath } from "node:url";
import { build, stop } from "esbuild";
import { HostFailure } from "../machine/failure.ts";

const ENTRY = fileURLToPath(new URL("entry/index.ts", import.meta.url));

/**
 * Writes one ES module.
 *
 * @param entry the module to bundle: the worker, unless a benchmark's control takes its place.
 * @throws {HostFailure} where a source does not build; esbuild has printed why to stderr.
 */
export async function bundleWorker(outfile: string, entry = ENTRY): Promise<void> {
  try {
    await build({
      entryPoints: [entry],
      outfile,
      bundle: true,
      format: "esm",
      target: "es2024",
      conditions: ["workerd", "worker", "browser"],
      external: ["cloudflare:*", "node:*"],
      logLevel: "error",
    });
  } catch (error) {
    throw new HostFailure("the worker does not build; see above", { cause: error });
  } finally {
    // esbuild keeps a process for the next build; there is none.
    await stop();
  }
}
