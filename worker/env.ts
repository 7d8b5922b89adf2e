/** The bindings of `wrangler.toml` and of the configuration that hosts/workerd generates. */
import type { AppObject } from "../objects/app.ts";
import type { AppDirectoryObject } from "../objects/app-directory.ts";
import type { DeviceObject } from "../objects/device.ts";

export interface Env {
  readonly DEVICES: DurableObjectNamespace<DeviceObject>;
  readonly APPS: DurableObjectNamespace<AppObject>;
  readonly APP_DIRECTORY: DurableObjectNamespace<AppDirectoryObject>;
  /**
   * Master keys of the mesh, newest first: `<kid>:<base64url of 32 bytes>`, separated by commas; kid is 0 to 255.
   * The first key makes new regIds and credentials; the others still open old ones.
   */
  readonly MESH_KEYS: string;
  /** Bearer token of the admin routes. */
  readonly ADMIN_TOKEN: string;
  /** Links this process may hold, decimal; absent where the platform bounds them itself. */
  readonly MAX_LINKS?: string;
}
