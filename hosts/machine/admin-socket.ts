/**
 * Serves the operator's routes on a Unix socket in the data folder. Commands on this machine send the admin token here, because another
 * process might listen on the mesh's port; only a user who can read `secrets.json` anyway can use this socket.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { LIMITS } from "../../schema/limits.ts";
import type { ServerHost } from "../../sdk/server/call.ts";
import type { DataFolder } from "./data-folder.ts";
import { socketPath } from "./socket-path.ts";

const ROUTES = /^\/v1\/(?:apps|admin)(?:[/?]|$)/;
/** Twice the bound of these routes, which answer a larger body themselves. */
const BODY_BYTES_MAX = 2 * LIMITS.BODY_BYTES;

async function readBody(request: IncomingMessage): Promise<Uint8Array<ArrayBuffer> | null> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > BODY_BYTES_MAX) throw new Error("the body is too large");
    chunks.push(chunk);
  }
  return length === 0 ? null : Uint8Array.from(Buffer.concat(chunks));
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  origin: string,
  fetch: ServerHost["fetch"],
): Promise<void> {
  const { method = "GET", url = "/" } = request;
  if (!ROUTES.test(url)) {
    response.writeHead(404).end();
    return;
  }
  const headers = new Headers();
  for (const name of ["authorization", "content-type"]) {
    const value = request.headers[name];
    if (typeof value === "string") headers.set(name, value);
  }
  const body = await readBody(request);
  const answered = await fetch(origin + url, { method, headers, body });
  response.writeHead(answered.status, [...answered.headers].flat());
  response.end(Buffer.from(await answered.arrayBuffer()));
}

/**
 * Opens the socket, until the process ends.
 *
 * @param origin of the mesh
 * @param fetch calls the mesh
 * @returns the socket's path
 */
export async function openAdminSocket(
  folder: DataFolder,
  origin: string,
  fetch: ServerHost["fetch"],
): Promise<string> {
  const path = socketPath(folder, "admin.sock");
  const server = createServer((request, response) => {
    answer(request, response, origin, fetch).catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, resolve);
  });
  return path;
}
