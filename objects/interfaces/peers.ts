/** The other objects that an object calls, as its host reaches them. */
import type { AliasRpc, AppRpc, DeviceRpc, LiveRpc, TagDirectoryRpc, TagRpc } from "./rpc.ts";

/** By name. What is returned is for one call: it may be of an object that is gone by the next. */
export interface Peers {
  device(name: string): DeviceRpc;
  node(name: string): TagRpc;
  alias(name: string): AliasRpc;
  live(name: string): LiveRpc;
  tagDirectory(name: string): TagDirectoryRpc;
  app(appId: string): AppRpc;
}
