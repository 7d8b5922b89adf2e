/** Starts push for one app with the push service of its user, which another process runs. */
import process from "node:process";
import { AppClient } from "../client/client.ts";
import type { ConnectOptions } from "../connect.ts";
import { PushError } from "../errors.ts";
import { defaultHost, requireGlobals, toOrigin } from "../host.ts";
import type { PushClient } from "../push-client.ts";
import { fileStorage } from "../storage/file.ts";
import { defaultSocket } from "./address.ts";
import { AttachedPort } from "./attached-port.ts";
import type { ServiceHello } from "./greeting.ts";

const invalid = (message: string): PushError =>
  new PushError({ code: "option_invalid", message, retry: "never" });

/**
 * @param socket path of the socket; true for that of the user
 * @throws PushError as `connect`, and `service_unavailable`, `service_denied`, `service_version`, `service_busy`
 */
export async function attach(
  socket: string | true,
  storageFolder: string,
  options: ConnectOptions<unknown>,
): Promise<PushClient> {
  const { url, identifiers, host = defaultHost(), storage = fileStorage(storageFolder) } = options;
  if (options.host === undefined) requireGlobals("fetch", "crypto");
  if (identifiers !== undefined)
    throw invalid("identifiers: the device is that of the push service, which has its own.");
  const origins = [url].flat().map(toOrigin);
  const check = ({ endpoints }: ServiceHello): void => {
    if (endpoints.some((endpoint) => origins.includes(endpoint))) return;
    throw invalid(
      `url: the push service is of the mesh ${endpoints.join()}, the app wants ${origins.join()}.`,
    );
  };
  const path = socket === true ? defaultSocket(process.env) : socket;
  const port = await AttachedPort.open({ path, host, check });
  return AppClient.open({ ...options, port, storage, host }).catch((error: unknown) => {
    port.close();
    throw error;
  });
}
