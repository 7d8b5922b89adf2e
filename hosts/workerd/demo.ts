/** The demo app: made at the first start, so that the first push needs no more than two commands. */
import { readDemo } from "../../cli/demo-file.ts";
import { writePrivate } from "../../cli/private-file.ts";
import type { DataFolder } from "./data-folder.ts";

/** PLACEHOLDER */
export async function openDemo(
  folder: DataFolder,
  url: string,
  adminToken: string,
): Promise<{ made: boolean }> {
  const demo = readDemo(folder.demo);
  if (demo !== undefined) {
    // The port may be another one than last time.
    if (demo.url !== url) writePrivate(folder.demo, { ...demo, url });
    return { made: false };
  }
  const headers = { authorization: `Bearer ${adminToken}`, "content-type": "application/json" };
  const post = async (path: string, body: object) =>
    (await (
      await fetch(new URL(path, url), { method: "POST", headers, body: JSON.stringify(body) })
    ).json()) as Record<string, string>;
  const { appId } = await post("/v1/apps", { name: "demo" });
  const { keyId, secret } = await post(`/v1/apps/${appId}/keys`, { algorithm: "hmac-sha256" });
  writePrivate(folder.demo, { url, appId, keyId, secret, adminTokenFile: folder.secrets });
  return { made: true };
}
