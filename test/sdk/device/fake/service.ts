/** A client whose push service is at the other end of a socket, as if in another process; it ends with the client. */
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AppClient } from "../../../../sdk/device/client/client.ts";
import { attach } from "../../../../sdk/device/daemon/attach.ts";
import { serveSocket } from "../../../../sdk/device/daemon/server.ts";
import {
  type ConnectOptions,
  type PushClient,
  type Storage,
  startService,
} from "../../../../sdk/device/mod.ts";

const ENDED = {
  code: "service_unavailable",
  message: "The client is closed.",
  retry: "later",
} as const;

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export async function connectBySocket(
  options: ConnectOptions & { readonly storage: Storage },
): Promise<PushClient> {
  const { identifiers, ...own } = options;
  const service = await startService({ ...options, url: own.url });
  const folder = mkdtempSync(join(tmpdir(), "pushmesh-test-"));
  chmodSync(folder, 0o700);
  const path = join(folder, "s.sock");
  const endpoints = [own.url].flat();
  const socket = await serveSocket(service, { path, endpoints, onClosed: () => {} });
  const end = async (): Promise<void> => {
    // What the client has said last is on its way.
    while (socket.status.apps.length > 0) await turn();
    await socket.close(ENDED);
    service.close();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const client = await attach(path, "", own);
    const ended = new Promise<void>((resolve) => {
      client.onState(({ state }) => {
        if (state === "closed") resolve(end());
      });
    });
    // Whoever has closed a client looks at once at what its push service has done.
    const close = async (): Promise<void> => {
      await AppClient.prototype.close.call(client);
      if (client.state === "closed") await ended;
    };
    return Object.assign(client, { close });
  } catch (error) {
    await end();
    throw error;
  }
}
