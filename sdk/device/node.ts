/**
 * The device SDK with file storage, for Node, Deno and Bun.
 *
 * @example
 * import { connect, fileStorage } from "pushmesh/device/node";
 *
 * const push = await connect({ url, appId, storage: fileStorage("/var/lib/my-app/push") });
 *
 * @module pushmesh/device/node
 */
import { orAborted } from "../aborted.ts";
import { checkConnect } from "./check-options.ts";
import type { PushData } from "./client/message.ts";
import { type ConnectOptions, connect as connectWith } from "./connect.ts";
import { attach } from "./daemon/attach.ts";
import type { PushClient } from "./push-client.ts";
import { fileStorage } from "./storage/file.ts";

export * from "./mod.ts";
export { fileStorage };

/** @template T the type of `message.data` */
export interface NodeConnectOptions<T = PushData> extends ConnectOptions<T> {
  /**
   * Attaches to the push service that `pushmesh service` runs for all processes of this user, instead of a link and an account of its own:
   * true, or the path of its socket. The storage then only keeps what is of the app, and each app has its own. Default: false.
   */
  readonly service?: boolean | string | undefined;
}

const STORAGE_FOLDER = ".pushmesh-device";

/**
 * Like `connect` of `pushmesh/device`, but the default storage is the folder `.pushmesh-device` in the working folder, so
 * that a restart is the same device.
 *
 * With `service`, it waits up to three seconds for the push service. If that ends later, the client is `waiting`, with the reason, and attaches
 * to the next one by itself; commands wait, and nothing is lost or shown twice.
 *
 * @throws PushError as `connect` of `pushmesh/device`; with `service`, also `service_unavailable` if there is none, `service_denied` if it is
 * another user's, `service_version` if it is too old or too new, `service_busy`
 * @example
 * const push = await connect({ url: "https://push.example.com", appId, service: true });
 */
export async function connect<T = PushData>(
  options: NodeConnectOptions<T>,
): Promise<PushClient<T>> {
  const { service, ...rest } = options ?? {};
  if (service) {
    checkConnect(rest);
    return orAborted(
      rest.signal,
      async () => (await attach(service, STORAGE_FOLDER, rest)) as unknown as PushClient<T>,
      (client) => client.close(),
    );
  }
  return connectWith({ storage: fileStorage(STORAGE_FOLDER), ...rest });
}
