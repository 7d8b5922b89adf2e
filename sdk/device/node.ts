/**
 * The device SDK with file storage, for Node, Deno and Bun.
 *
 * @example
 * import { connect, fileStorage } from "pushmesh/device/node";
 *
 * const push = await connect({ url, appId, storage: fileStorage("/var/lib/my-app/push") });
 *
 * @module
 */
import type { PushClient } from "./client/client.ts";
import { type ConnectOptions, connect as connectWith } from "./connect.ts";
import { fileStorage } from "./storage/file.ts";

export * from "./mod.ts";
export { fileStorage };

/**
 * Like `connect` of `pushmesh/device`, but the default storage is the folder `.pushmesh-device` in the working folder, so
 * that a restart is the same device.
 */
export function connect(options: ConnectOptions): Promise<PushClient> {
  return connectWith({ storage: fileStorage(".pushmesh-device"), ...options });
}
