/** Finds other objects with the worker's bindings. */
import { callObject } from "../call.ts";
import type { ObjectNamespace } from "../interfaces/namespace.ts";
import type { Peers } from "../interfaces/peers.ts";
import type {
  AliasRpc,
  AppRpc,
  DeviceRpc,
  LiveRpc,
  TagDirectoryRpc,
  TagRpc,
  WebhookRpc,
} from "../interfaces/rpc.ts";

/** worker/env.ts describes them. */
export interface PeerEnv {
  readonly DEVICES: ObjectNamespace<DeviceRpc>;
  readonly TAGS: ObjectNamespace<TagRpc>;
  readonly ALIASES: ObjectNamespace<AliasRpc>;
  readonly LIVE_NODES: ObjectNamespace<LiveRpc>;
  readonly TAG_DIRECTORIES: ObjectNamespace<TagDirectoryRpc>;
  readonly APPS: ObjectNamespace<AppRpc>;
  readonly WEBHOOKS: ObjectNamespace<WebhookRpc>;
}

export const peersOf = (env: PeerEnv): Peers => ({
  device: (name) => retried(env.DEVICES, name),
  node: (name) => retried(env.TAGS, name),
  alias: (name) => retried(env.ALIASES, name),
  live: (name) => retried(env.LIVE_NODES, name),
  tagDirectory: (name) => retried(env.TAG_DIRECTORIES, name),
  app: (appId) => retried(env.APPS, appId),
  webhook: (name) => retried(env.WEBHOOKS, name),
});

/** A stub that calls through `callObject`, because every call that objects make to each other is safe to repeat. */
function retried<Rpc extends object>(namespace: ObjectNamespace<Rpc>, name: string): Rpc {
  const stub = {
    get(_: object, method: string) {
      return (...values: unknown[]) =>
        callObject(() => {
          const fresh = namespace.getByName(name) as Readonly<Record<string, Call>>;
          // Called on the stub itself, which makes its methods from their names; `Reflect` does not work.
          return (fresh[method] as Call)(...values);
        });
    },
  };
  return new Proxy({}, stub) as Rpc;
}

type Call = (...values: unknown[]) => Promise<unknown>;
