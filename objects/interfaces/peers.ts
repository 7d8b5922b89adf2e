/** The other objects that an object calls. */
import type {
  AliasRpc,
  AppRpc,
  DeviceRpc,
  LiveRpc,
  TagDirectoryRpc,
  TagRpc,
  WebhookRpc,
} from "./rpc.ts";

/** Finds objects by name. Use the result for one call only; by the next, the object may be another. */
export interface Peers {
  device(name: string): DeviceRpc;
  node(name: string): TagRpc;
  alias(name: string): AliasRpc;
  live(name: string): LiveRpc;
  tagDirectory(name: string): TagDirectoryRpc;
  app(appId: string): AppRpc;
  webhook(name: string): WebhookRpc;
}
