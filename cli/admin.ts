/** The operator's client. It sends the admin token only to a mesh that proves its identity. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { MeshAdmin } from "../sdk/server/admin.ts";
import type { ServerHost } from "../sdk/server/mod.ts";
import type { CommonOptions, Context } from "./context.ts";
import { usageFailure } from "./failure.ts";

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

/** Calls a mesh of this machine through the Unix socket of its data folder, which only its user can have created. */
function fetchBy(socketPath: string): ServerHost["fetch"] {
  return async (url, { method = "GET", headers, body, signal }) => {
    // A static import also loads what fetch is made of: 0.04 s of a core, which most commands do not need.
    const { request } = await import("node:http");
    return new Promise((resolve, reject) => {
      const { host, pathname, search } = new URL(url);
      const sent = request(
        {
          socketPath,
          method,
          path: pathname + search,
          headers: { host, ...Object.fromEntries(new Headers(headers)) },
          ...(signal == null ? {} : { signal }),
        },
        async (answer) => {
          try {
            const chunks: Buffer[] = [];
            for await (const chunk of answer as AsyncIterable<Buffer>) chunks.push(chunk);
            const { statusCode: status = 0 } = answer;
            // A 204 has no body, and Response refuses one.
            const bytes = status === 204 ? null : Buffer.concat(chunks);
            const own = Object.entries(answer.headers).map(([name, value]) => [name, `${value}`]);
            resolve(new Response(bytes, { status, headers: Object.fromEntries(own) }));
          } catch (error) {
            reject(error);
          }
        },
      );
      sent.on("error", reject);
      sent.end(body as string | undefined);
    });
  };
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
    return new MeshAdmin({ url, token: named, insecure });
  }
  // Beside demo.json first: the folder may have been moved since the path in it was written.
  const files = demo === undefined ? [] : [join(dataDir, "secrets.json"), demo.adminTokenFile];
  const token = files.map(readToken).find((found) => found !== undefined);
  if (token === undefined) throw usageFailure("no admin token: set PUSHMESH_ADMIN_TOKEN");
  if (demo?.adminSocket === undefined) {
    throw usageFailure("the mesh was started by an older pushmesh: start it again");
  }
  return new MeshAdmin({ url, token, insecure: true, host: { fetch: fetchBy(demo.adminSocket) } });
}
