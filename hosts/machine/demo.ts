/** Creates the demo app at the first start, so that the first push needs only two commands. */
import { readDemo } from "../../cli/files/demo-file.ts";
import { writePrivate } from "../../cli/files/private-file.ts";
import { MeshAdmin } from "../../sdk/server/admin.ts";
import type { ServerHost } from "../../sdk/server/call.ts";
import type { DataFolder } from "./data-folder.ts";
import { HostFailure } from "./failure.ts";

/** A running mesh. */
interface RunningMesh {
  readonly url: string;
  readonly adminToken: string;
  /** Path of its admin socket. */
  readonly adminSocket: string;
  /** Calls the mesh. */
  readonly fetch: ServerHost["fetch"];
}

/**
 * Creates the app and its key if the folder has none, and records where the mesh listens.
 *
 * @returns whether they were created now
 * @throws {HostFailure} if the mesh refuses, or the folder cannot be written
 */
export async function openDemo(
  folder: DataFolder,
  { url, adminToken, adminSocket, fetch }: RunningMesh,
): Promise<{ made: boolean }> {
  const known = readDemo(folder.demo);
  try {
    if (known !== undefined) {
      // The port may have changed.
      if (known.url !== url || known.adminSocket !== adminSocket) {
        writePrivate(folder.demo, { ...known, url, adminSocket });
      }
      return { made: false };
    }
    const admin = new MeshAdmin({ url, token: adminToken, insecure: true, host: { fetch } });
    const { appId } = await admin.createApp("demo", { policy: "open" });
    const { keyId, secret } = await admin.createKey(appId);
    const adminTokenFile = folder.secrets;
    writePrivate(folder.demo, { url, appId, keyId, secret, adminTokenFile, adminSocket });
    return { made: true };
  } catch (error) {
    throw new HostFailure(`the demo app cannot be made: ${(error as Error).message}`);
  }
}
