/** Sign-outs of an app whose client has the storage of the push service. */
import { secretKeyOf } from "../account/keys.ts";
import { readSignOut } from "../client/registration.ts";
import type { Host } from "../host.ts";
import type { Storage } from "../storage/storage.ts";
import type { App } from "./app.ts";

/** The sign-out that is pending; null if the client has another storage, or this one cannot say. */
export async function readOwnSignOut(
  storage: Pick<Storage, "get">,
  { appId, secret }: App,
  report: Host["report"],
): Promise<string | undefined | null> {
  try {
    const own = await storage.get(secretKeyOf(appId));
    if (secret && secret === own) return await readSignOut(storage, appId);
  } catch (error) {
    report(error);
  }
  return null;
}
