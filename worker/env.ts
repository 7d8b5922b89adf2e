/** What a host gives the edge: objects to call, secrets, and ports for sockets and cryptography. */
import type { ObjectNamespace } from "../objects/interfaces/namespace.ts";
import type {
  AliasRpc,
  AppDirectoryRpc,
  AppRpc,
  DeviceRpc,
  LiveRpc,
  TagDirectoryRpc,
  TagRpc,
  WebhookRpc,
} from "../objects/interfaces/rpc.ts";
import type { LinkHost } from "./link-host.ts";
import type { ListenHost } from "./live/host.ts";
import type { SenderLinks } from "./sender/sender-links.ts";
import type { EdgeCrypto } from "./signature/crypto.ts";

export type { ObjectNamespace } from "../objects/interfaces/namespace.ts";

/** Status and headers of a JSON answer. */
export interface AnswerInit {
  readonly status: number;
  /** Names in lower case, without content-type. */
  readonly headers: Readonly<Record<string, string>>;
}

/** A folder of files, read-only: on workerd a service of its own. */
export interface DocsFiles {
  /**
   * @param url its path names a file: names with letters, digits, `-`, `_` and dots within, never `..`
   * @returns 200 with `content-length`; 404 if there is no such file
   */
  fetch(url: string): Promise<Response>;
}

export interface Env {
  /** Answers frequent routes, if the host has something cheaper than `Response.json`. */
  readonly ANSWER_JSON?: (value: unknown, init: AnswerInit) => Response;
  /**
   * Resolves when other work of the process had its turn, at once if it just had one; absent if only a timer can tell that.
   */
  readonly TURN?: () => Promise<void>;
  readonly DEVICES: ObjectNamespace<DeviceRpc>;
  readonly APPS: ObjectNamespace<AppRpc>;
  readonly APP_DIRECTORY: ObjectNamespace<AppDirectoryRpc>;
  readonly TAGS: ObjectNamespace<TagRpc>;
  readonly ALIASES: ObjectNamespace<AliasRpc>;
  readonly TAG_DIRECTORIES: ObjectNamespace<TagDirectoryRpc>;
  readonly LIVE_NODES: ObjectNamespace<LiveRpc>;
  readonly WEBHOOKS: ObjectNamespace<WebhookRpc>;
  /**
   * Master keys of the mesh, newest first: `<kid>:<base64url of 32 bytes>`, separated by commas; kid is 0 to 255. The first key without
   * `;accept` after it seals new regIds and credentials; all keys open existing ones.
   */
  readonly MESH_KEYS: string;
  /** Bearer token of the admin routes. */
  readonly ADMIN_TOKEN: string;
  readonly LINK_HOST: LinkHost;
  readonly LIVE_HOST: ListenHost;
  /** The sender links of this process or isolate. */
  readonly SENDERS: SenderLinks;
  readonly CRYPTO: EdgeCrypto;
  /** The built documentation; absent where it was not built. */
  readonly DOCS?: DocsFiles;
  /** Address of the client of a request, for the audit log; absent if the host cannot tell. */
  readonly ADDRESS_OF?: (request: Request) => string | null;
  /** Whether nobody on the way could read a request; null if only its address tells. Absent if the host cannot tell. */
  readonly WAS_ENCRYPTED?: (request: Request) => boolean | null;
  /** Maximum number of links of this process, decimal; absent if the platform limits them. */
  readonly MAX_LINKS?: string;
  /** Concurrent calls of nodes of one tag, decimal. Default: `LIMITS.FAN_OUT_NODES`; one machine sets 8. */
  readonly FAN_OUT_NODES?: string;
  /** Number of objects of an app's tag directory, decimal. Default: `LIMITS.TAG_DIRECTORY_SHARDS`. A mesh must never change it. */
  readonly TAG_DIRECTORY_SHARDS?: string;
  /** Window of a device's first reconnect in milliseconds, decimal. Default: `LIMITS.RECONNECT_FIRST_MS`. */
  readonly RECONNECT_FIRST_MS?: string;
  /** Where webhooks may go: `off`, `public` or `private` (core/webhook/target.ts). Default: `public`, as Cloudflare's network has no private part. */
  readonly WEBHOOK_TARGETS?: string;
  /** Maximum number of members of a tag's node, decimal. Default: `LIMITS.NODE_MEMBERS`. For tests of deep trees. */
  readonly NODE_MEMBERS?: string;
}
