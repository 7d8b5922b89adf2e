/** What holds a link: loaded only by the tab that leads, by a SharedWorker, or where nothing is shared. */
import { StoredRegistration } from "./client/registration.ts";
import type { Host } from "./host.ts";
import { BatchedStorage } from "./storage/batched.ts";
import { guardStorage, type Storage } from "./storage/storage.ts";

export { AppClient } from "./client/client.ts";
export { openService } from "./service/service.ts";
export { Engine } from "./shared/engine.ts";

/**
 * Stores that the registration of an app is to end, for a client that is closed.
 *
 * @throws PushError `storage_failed`
 */
export async function endStored(storage: Storage, host: Host, appId: string): Promise<void> {
  const batched = new BatchedStorage(guardStorage(storage, host), () => {}, host);
  new StoredRegistration(batched, appId, host).end();
  const failure = await batched.settled();
  batched.stop();
  if (failure !== undefined) throw failure;
}
