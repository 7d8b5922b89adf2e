/** The package of the mesh, which the client does without. */
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

export const MESH_PACKAGE = "@pushmesh/mesh";

/** What runs the mesh, as packages of npm: the versions that the package of the mesh names. */
export const RUNTIMES = { deno: "2.9.6", workerd: "1.20261117.1" } as const;

/** Where it is installed: for the working directory, or beside this package. */
export function installedMesh(): string | undefined {
  for (const from of [join(process.cwd(), "package.json"), import.meta.url]) {
    try {
      return dirname(createRequire(from).resolve(`${MESH_PACKAGE}/package.json`));
    } catch {
      // Not there.
    }
  }
  return undefined;
}
