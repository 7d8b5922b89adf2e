/**
 * Creates the demo app at the first start, so that the first push needs only two commands. A mesh that others can reach gets none: its app
 * is open to anyone who knows the appId.
 */
import { demoText, readDemo } from "../../cli/files/demo-file.ts";
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
  /** Whether only this machine can reach it. */
  readonly isLocal: boolean;
}

/**
 * Creates the app and its key if the folder has none, and records where the mesh listens.
 *
 * @returns whether they were created now
 * @throws {HostFailure} if the mesh refuses, or the folder cannot be written
 */
export async function openDemo(
  folder: DataFolder,
  { url, adminToken, adminSocket, fetch, isLocal }: RunningMesh,
): Promise<{ made: boolean; appId: string | null }> {
  const known = readDemo(folder.demo);
  try {
    if (known !== undefined) {
      // The port may have changed. A mesh that others could reach gets no demo app later either: it may be behind a proxy now.
      if (known.url !== url || known.adminSocket !== adminSocket) {
        writePrivate(folder.demo, demoText({ ...known, url, adminSocket }));
      }
      return { made: false, appId: known.app?.appId ?? null };
    }
    const adminTokenFile = folder.secrets;
    if (!isLocal) {
      // Without an app, for the commands of the operator.
      writePrivate(folder.demo, demoText({ url, app: null, adminTokenFile, adminSocket }));
      return { made: false, appId: null };
    }
    const admin = new MeshAdmin({ url, token: adminToken, insecure: true, host: { fetch } });
    const { appId } = await admin.createApp("demo", { policy: "open" });
    const { keyId, secret } = await admin.createKey(appId);
    const app = { appId, keyId, secret: secret ?? "" };
    writePrivate(folder.demo, demoText({ url, app, adminTokenFile, adminSocket }));
    return { made: true, appId };
  } catch (error) {
    throw new HostFailure(`the demo app cannot be made: ${(error as Error).message}`);
  }
}
