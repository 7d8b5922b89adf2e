/** The operator's client. It sends the admin token only to a mesh that proves its identity. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { MeshAdmin } from "../sdk/server/admin.ts";
import type { CommonOptions, Context } from "./context.ts";
import { usageFailure } from "./failure.ts";
import { httpFetch } from "./mesh/http-fetch.ts";

export interface AdminOptions extends CommonOptions {
  readonly insecure?: boolean;
}

function readToken(file: string): string | undefined {
  try {
    const { adminToken } = JSON.parse(readFileSync(file, "utf8"));
    return typeof adminToken === "string" ? adminToken : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The operator's client for the mesh of a command.
 *
 * @throws CliFailure if there is no admin token, or no mesh that may receive it
 */
export function adminOf(
  { url, demo, dataDir }: Context,
  { insecure = false }: AdminOptions,
  env: NodeJS.ProcessEnv,
): MeshAdmin {
  const named = env["PUSHMESH_ADMIN_TOKEN"];
  if (named !== undefined) {
    if (!url.startsWith("https:") && !insecure) {
      throw usageFailure(
        `${url} proves nothing of itself, and would be sent the admin token: use https, or the data folder of a mesh on this machine (--data-dir), or say --insecure`,
      );
    }
    return new MeshAdmin({ url, token: named, insecure, host: { fetch: httpFetch() } });
  }
  // Beside demo.json first: the folder may have been moved since the path in it was written.
  const files = demo === undefined ? [] : [join(dataDir, "secrets.json"), demo.adminTokenFile];
  const token = files.map(readToken).find((found) => found !== undefined);
  if (token === undefined) throw usageFailure("no admin token: set PUSHMESH_ADMIN_TOKEN");
  if (demo?.adminSocket === undefined) {
    throw usageFailure("the mesh was started by an older pushmesh: start it again");
  }
  // The mesh of this machine, by the socket of its data folder, which only its user can have made.
  const fetch = httpFetch(demo.adminSocket);
  return new MeshAdmin({ url, token, insecure: true, host: { fetch } });
}
