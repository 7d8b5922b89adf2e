/** Where the documentation is that `npm run docs` builds. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { HostFailure } from "./failure.ts";

/** Of a clone. In the package there is none. */
const BUILT = fileURLToPath(new URL("../../dist/docs", import.meta.url));

/**
 * @param asked the value of --docs
 * @returns the folder, absolute; null if it was not built
 * @throws {HostFailure} if there is nothing at the folder asked for
 */
export function builtDocs(asked: string | undefined): string | null {
  const folder = resolve(asked ?? BUILT);
  if (isThere(join(folder, "index.html"))) return folder;
  if (asked === undefined) return null;
  throw new HostFailure(`--docs ${asked}: there is no index.html in it`);
}

/** Deno throws where it may not look: a unit, a container and the package let it read no documentation. */
function isThere(file: string): boolean {
  try {
    return existsSync(file);
  } catch {
    return false;
  }
}
