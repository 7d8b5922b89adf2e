/** What the edge is given by its host: objects to call, secrets, and how sockets are opened. */
import type { AppDirectoryRpc, AppRpc, DeviceRpc } from "../objects/interfaces/rpc.ts";
import type { LinkHost } from "./link-host.ts";
import type { EdgeCrypto } from "./signature/crypto.ts";

/**
 * What the edge uses of a Durable Object namespace. Not the runtime's own type: that one spreads an answer's union
 * over promises until `ok` no longer tells its halves apart, and a host other than workerd could not give it.
 */
export interface ObjectNamespace<Rpc> {
  /** A fresh stub of the object of this name. It touches nothing yet. */
  getByName(name: string): Rpc;
}

export interface Env {
  readonly DEVICES: ObjectNamespace<DeviceRpc>;
  readonly APPS: ObjectNamespace<AppRpc>;
  readonly APP_DIRECTORY: ObjectNamespace<AppDirectoryRpc>;
  /**
   * Master keys of the mesh, newest first: `<kid>:<base64url of 32 bytes>`, separated by commas; kid is 0 to 255.
   * The first key makes new regIds and credentials; the others still open old ones.
   */
  readonly MESH_KEYS: string;
  /** Bearer token of the admin routes. */
  readonly ADMIN_TOKEN: string;
  readonly LINK_HOST: LinkHost;
  readonly CRYPTO: EdgeCrypto;
  /** Links this process may hold, decimal; absent where the platform bounds them itself. */
  readonly MAX_LINKS?: string;
}
