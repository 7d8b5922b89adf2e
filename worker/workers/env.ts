/** The bindings of `wrangler.toml`, and the edge's environment made of them. */
import type { DeviceRpc, LiveRpc } from "../../objects/interfaces/rpc.ts";
import type { Env, ObjectNamespace } from "../env.ts";
import { webCrypto } from "../signature/crypto.ts";
import { workersLinks } from "./links.ts";
import { workersLive } from "./live.ts";

/** What the runtime gives: objects that hold sockets also answer `fetch`, by which one reaches them. */
export interface WorkersEnv extends Omit<Env, "LINK_HOST" | "LIVE_HOST" | "CRYPTO"> {
  readonly DEVICES: ObjectNamespace<DeviceRpc & Pick<Fetcher, "fetch">>;
  readonly LIVE_NODES: ObjectNamespace<LiveRpc & Pick<Fetcher, "fetch">>;
}

let last: { readonly bindings: WorkersEnv; readonly env: Env } | undefined;

/** The same object for the same bindings, and so for every request of an isolate: its settings are read once. */
export function workersEnv(bindings: WorkersEnv): Env {
  if (last?.bindings !== bindings) {
    const LINK_HOST = workersLinks(bindings.DEVICES);
    const LIVE_HOST = workersLive(bindings.LIVE_NODES);
    last = { bindings, env: { ...bindings, LINK_HOST, LIVE_HOST, CRYPTO: webCrypto } };
  }
  return last.env;
}
