/** Makes the edge's environment from the bindings of `wrangler.toml`. */
import type { DeviceRpc, LiveRpc } from "../../objects/interfaces/rpc.ts";
import type { Env, ObjectNamespace } from "../env.ts";
import { webCrypto } from "../signature/crypto.ts";
import { workersLinks } from "./links.ts";
import { workersLive } from "./live.ts";

/** The bindings. Objects that hold sockets are also called by `fetch`, which passes the socket. */
export interface WorkersEnv extends Omit<Env, "LINK_HOST" | "LIVE_HOST" | "CRYPTO"> {
  readonly DEVICES: ObjectNamespace<DeviceRpc & Pick<Fetcher, "fetch">>;
  readonly LIVE_NODES: ObjectNamespace<LiveRpc & Pick<Fetcher, "fetch">>;
}

let last: { readonly bindings: WorkersEnv; readonly env: Env } | undefined;

/** Returns the same object for the same bindings, so that an isolate reads its settings once. */
export function workersEnv(bindings: WorkersEnv): Env {
  if (last?.bindings !== bindings) {
    const LINK_HOST = workersLinks(bindings.DEVICES);
    const LIVE_HOST = workersLive(bindings.LIVE_NODES);
    last = { bindings, env: { ...bindings, LINK_HOST, LIVE_HOST, CRYPTO: webCrypto } };
  }
  return last.env;
}
