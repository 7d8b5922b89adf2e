/** Serves a push service on a socket, to the processes of its user. */
import { randomUUID } from "node:crypto";
import { chmodSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import process from "node:process";
import { AGENT } from "../constants.ts";
import { PushError, type PushErrorData } from "../errors.ts";
import type { PushService } from "../service/service.ts";
import { checkFolder, checkLength } from "./address.ts";
import { BUSY, Connection, type ConnectionOwner } from "./connection.ts";
import { CONNECTIONS_MAX, SERVICE_VERSION, STOP_WAIT_MS } from "./constants.ts";
import { askStatus } from "./dial.ts";
import type { ServiceStatus } from "./greeting.ts";

interface ServeOptions {
  /** Of the socket, in a folder that only this user can open. */
  readonly path: string;
  /** Origins of the mesh. */
  readonly endpoints: readonly string[];
  /** The mesh has closed the link for good, or another device with the same key has taken it. Called once. */
  readonly onClosed: (error: PushErrorData) => void;
}

export interface ServedSocket {
  readonly status: ServiceStatus;
  /** Tells the apps that the service stops, so that they wait for the next one. Close the service after it. */
  close(error: PushErrorData): Promise<void>;
}

/**
 * Opens the socket. A socket file that a killed service has left is replaced.
 *
 * @throws PushError `service_running` if another service answers there, `service_denied` if others could open the folder, `option_invalid`
 */
export async function serveSocket(
  service: Pick<PushService, "serve">,
  { path, endpoints, onClosed }: ServeOptions,
): Promise<ServedSocket> {
  checkLength(path);
  checkFolder(path);
  const other = await askStatus(path).catch(() => undefined);
  if (other !== undefined) {
    const message = `A push service is at ${path}, with process ID ${other.pid}.`;
    throw new PushError({ code: "service_running", message, retry: "never" });
  }
  const connections = new Set<Connection>();
  const startedAt = Date.now();
  const { pid } = process;
  let link: Pick<ServiceStatus, "state" | "error"> = { state: "idle" };
  const status = (): ServiceStatus => {
    const apps = [...connections].flatMap(({ appId }) => appId ?? []);
    return { agent: AGENT, pid, endpoints, startedAt, ...link, apps };
  };
  const owner: ConnectionOwner = {
    hello: { kind: "hello", version: SERVICE_VERSION, agent: AGENT, pid, endpoints },
    serve: (port) => service.serve(port),
    status: () => ({ kind: "status", ...status() }),
    told: ({ state, error }) => {
      const isFirst = link.state !== "closed";
      link = { state, error };
      if (state === "closed" && isFirst && error !== undefined) onClosed(error);
    },
    ended: (connection) => connections.delete(connection),
  };
  const server = createServer((socket) => {
    const connection = new Connection(socket, owner);
    if (connections.size >= CONNECTIONS_MAX) connection.bye(BUSY);
    else connections.add(connection);
  });
  await listen(server, path);
  return {
    get status() {
      return status();
    },
    close: async (error) => {
      server.close();
      rmSync(path, { force: true });
      const all = [...connections];
      const timer = setTimeout(() => {
        for (const connection of all) connection.destroy();
      }, STOP_WAIT_MS);
      for (const connection of all) connection.bye(error);
      await Promise.all(all.map((connection) => connection.closed()));
      clearTimeout(timer);
    },
  };
}

/** What to listen on for a path: on Windows a pipe, see `findSocket`. @returns null for the path itself */
export const newPipe = (platform: string = process.platform): string | null =>
  platform === "win32" ? `\\\\.\\pipe\\pushmesh-${randomUUID()}` : null;

async function listen(server: Server, path: string): Promise<void> {
  const pipe = newPipe();
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats?.isSocket()) rmSync(path, { force: true });
  else if (stats !== undefined && pipe === null) {
    const message = `${path} is there, and is no socket.`;
    throw new PushError({ code: "option_invalid", message, retry: "never" });
  }
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(pipe ?? path, resolve);
  });
  // The folder keeps others away, also before this.
  if (pipe === null) chmodSync(path, 0o600);
  else writeFileSync(path, pipe, { mode: 0o600 });
}
