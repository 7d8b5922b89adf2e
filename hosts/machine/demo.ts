/** The demo app: made at the first start, so that the first push needs no more than two commands. */
import { readDemo } from "../../cli/files/demo-file.ts";
import { writePrivate } from "../../cli/files/private-file.ts";
import { MeshAdmin } from "../../sdk/server/admin.ts";
import type { ServerHost } from "../../sdk/server/call.ts";
import type { DataFolder } from "./data-folder.ts";
import { HostFailure } from "./failure.ts";

/** A mesh that is up. */
interface RunningMesh {
  /** Its origin. */
  readonly url: string;
  readonly adminToken: string;
  /** Path of its Unix socket for the operator. */
  readonly adminSocket: string;
  /** To call it by. */
  readonly fetch: ServerHost["fetch"];
}

/**
 * Makes the app and its key where the folder has none, and notes where the mesh listens now.
 *
 * @returns whether they were made just now.
 * @throws {HostFailure} where the mesh refuses, or the folder cannot be written.
 */
export async function openDemo(
  folder: DataFolder,
  { url, adminToken, adminSocket, fetch }: RunningMesh,
): Promise<{ made: boolean }> {
  const known = readDemo(folder.demo);
  try {
    if (known !== undefined) {
      // The port may be another one than last time.
      if (known.url !== url || known.adminSocket !== adminSocket) {
        writePrivate(folder.demo, { ...known, url, adminSocket });
      }
      return { made: false };
    }
    const admin = new MeshAdmin({ url, token: adminToken, insecure: true, host: { fetch } });
    const { appId } = await admin.createApp("demo");
    const { keyId, secret } = await admin.createKey(appId);
    const adminTokenFile = folder.secrets;
    writePrivate(folder.demo, { url, appId, keyId, secret, adminTokenFile, adminSocket });
    return { made: true };
  } catch (error) {
    throw new HostFailure(`the demo app cannot be made: ${(error as Error).message}`);
  }
}
