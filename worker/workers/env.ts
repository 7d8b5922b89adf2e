/** Makes the edge's environment from the bindings of `wrangler.toml`. */
import type { DeviceRpc, LiveRpc } from "../../objects/interfaces/rpc.ts";
import type { Env, ObjectNamespace } from "../env.ts";
import { webCrypto } from "../signature/crypto.ts";
import { workersLinks } from "./links.ts";
import { workersLive } from "./live.ts";
import { workersSenders } from "./senders.ts";

/** The bindings. Objects that hold sockets are also called by `fetch`, which passes the socket. */
export interface WorkersEnv
  extends Omit<
    Env,
    "ADDRESS_OF" | "CRYPTO" | "LINK_HOST" | "LIVE_HOST" | "SENDERS" | "WAS_ENCRYPTED"
  > {
  readonly DEVICES: ObjectNamespace<DeviceRpc & Pick<Fetcher, "fetch">>;
  readonly LIVE_NODES: ObjectNamespace<LiveRpc & Pick<Fetcher, "fetch">>;
}

/** From Cloudflare. The front of a mesh on one machine sends its own, and does not pass on what a client sent. */
const CLOUDFLARE_CLIENT = "cf-connecting-ip";
const FRONT_CLIENT = "pushmesh-client";
const FRONT_ENCRYPTED = "pushmesh-encrypted";

type ClientPorts = Required<Pick<Env, "ADDRESS_OF" | "WAS_ENCRYPTED">>;

const clientPorts = ({ MAX_LINKS }: WorkersEnv): ClientPorts =>
  MAX_LINKS === undefined
    ? {
        ADDRESS_OF: ({ headers }) => headers.get(CLOUDFLARE_CLIENT),
        WAS_ENCRYPTED: ({ url }) => (url.startsWith("https:") ? true : null),
      }
    : {
        ADDRESS_OF: ({ headers }) => headers.get(FRONT_CLIENT),
        WAS_ENCRYPTED: ({ headers }) => {
          const said = headers.get(FRONT_ENCRYPTED);
          return said === null ? null : said === "true";
        },
      };

let last: { readonly bindings: WorkersEnv; readonly env: Env } | undefined;

/** Returns the same object for the same bindings, so that an isolate reads its settings once. */
export function workersEnv(bindings: WorkersEnv): Env {
  if (last?.bindings !== bindings) {
    const LINK_HOST = workersLinks(bindings.DEVICES);
    const LIVE_HOST = workersLive(bindings.LIVE_NODES);
    const SENDERS = workersSenders(bindings.MAX_LINKS === undefined);
    const ports = { LINK_HOST, LIVE_HOST, SENDERS, CRYPTO: webCrypto };
    last = { bindings, env: { ...bindings, ...ports, ...clientPorts(bindings) } };
  }
  return last.env;
}
