/** The version of this command, and of the package of the mesh. */
import { readFileSync } from "node:fs";

/** Put here by scripts/build/cli.ts; in a clone, the name does not exist. */
declare const PUSHMESH_VERSION: string | undefined;

/** Reads it only when it is asked for: a mesh on Deno, which imports names of hosts from here, may not read it. */
export function version(): string {
  if (typeof PUSHMESH_VERSION === "string") return PUSHMESH_VERSION;
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
