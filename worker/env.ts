/** What the edge is given by its host: objects to call, secrets, and how sockets are opened. */
import type { ObjectNamespace } from "../objects/interfaces/namespace.ts";
import type {
  AliasRpc,
  AppDirectoryRpc,
  AppRpc,
  DeviceRpc,
  LiveRpc,
  TagDirectoryRpc,
  TagRpc,
} from "../objects/interfaces/rpc.ts";
import type { LinkHost } from "./link-host.ts";
import type { ListenHost } from "./live/host.ts";
import type { EdgeCrypto } from "./signature/crypto.ts";

export type { ObjectNamespace } from "../objects/interfaces/namespace.ts";

/** Of an answer in JSON. */
export interface AnswerInit {
  readonly status: number;
  /** In lower case, without content-type. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface Env {
  /** Makes the answer of a frequent route, where the host has a cheaper way than `Response.json`. */
  readonly ANSWER_JSON?: (value: unknown, init: AnswerInit) => Response;
  readonly DEVICES: ObjectNamespace<DeviceRpc>;
  readonly APPS: ObjectNamespace<AppRpc>;
  readonly APP_DIRECTORY: ObjectNamespace<AppDirectoryRpc>;
  readonly TAGS: ObjectNamespace<TagRpc>;
  readonly ALIASES: ObjectNamespace<AliasRpc>;
  readonly TAG_DIRECTORIES: ObjectNamespace<TagDirectoryRpc>;
  readonly LIVE_NODES: ObjectNamespace<LiveRpc>;
  /**
   * Master keys of the mesh, newest first: `<kid>:<base64url of 32 bytes>`, separated by commas; kid is 0 to 255.
   * The first key makes new regIds and credentials; the others still open old ones, and one with `;accept` behind it is
   * none that makes any yet.
   */
  readonly MESH_KEYS: string;
  /** Bearer token of the admin routes. */
  readonly ADMIN_TOKEN: string;
  readonly LINK_HOST: LinkHost;
  readonly LIVE_HOST: ListenHost;
  readonly CRYPTO: EdgeCrypto;
  /** Links this process may hold, decimal; absent where the platform bounds them itself. */
  readonly MAX_LINKS?: string;
  /** Nodes of one tag that are called at once, decimal; `LIMITS.FAN_OUT_NODES` where absent, 8 on one machine. */
  readonly FAN_OUT_NODES?: string;
  /** Objects of an app's tag directory, decimal; `LIMITS.TAG_DIRECTORY_SHARDS` where absent. It never changes for a mesh. */
  readonly TAG_DIRECTORY_SHARDS?: string;
  /** Window of the first reconnect of devices, milliseconds, decimal; `LIMITS.RECONNECT_FIRST_MS` where absent. */
  readonly RECONNECT_FIRST_MS?: string;
  /** Members of one node of a tag, decimal; `LIMITS.NODE_MEMBERS` where absent. For tests of deep trees. */
  readonly NODE_MEMBERS?: string;
}
