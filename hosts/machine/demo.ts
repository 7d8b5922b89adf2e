/** The demo app: made at the first start, so that the first push needs no more than two commands. */
import { readDemo } from "../../cli/demo-file.ts";
import { writePrivate } from "../../cli/private-file.ts";
import { MeshAdmin } from "../../sdk/server/admin.ts";
import type { ServerHost } from "../../sdk/server/call.ts";
import type { DataFolder } from "./data-folder.ts";
import { HostFailure } from "./failure.ts";

/**
 * Makes the app and its key where the folder has none, and notes where the mesh listens now.
 *
 * @param url origin of the mesh, which is up.
 * @param fetch to call it by; the network's own where it is absent.
 * @returns whether they were made just now.
 * @throws {HostFailure} where the mesh refuses, or the folder cannot be written.
 */
export async function openDemo(
  folder: DataFolder,
  url: string,
  adminToken: string,
  fetch?: ServerHost["fetch"],
): Promise<{ made: boolean }> {
  const known = readDemo(folder.demo);
  try {
    if (known !== undefined) {
      // The port may be another one than last time.
      if (known.url !== url) writePrivate(folder.demo, { ...known, url });
      return { made: false };
    }
    const admin = new MeshAdmin({
      url,
      token: adminToken,
      ...(fetch === undefined ? {} : { host: { fetch } }),
    });
    const { appId } = await admin.createApp("demo");
    const { keyId, secret } = await admin.createKey(appId);
    writePrivate(folder.demo, { url, appId, keyId, secret, adminTokenFile: folder.secrets });
    return { made: true };
  } catch (error) {
    throw new HostFailure(`the demo app cannot be made: ${(error as Error).message}`);
  }
}
