/** A device of the SDK, for the tests of the mesh around it. */
import { onTestFinished } from "vitest";
import { connect, memoryStorage, type PushError } from "../../../sdk/device/mod.ts";

/** A device of the mesh, connected. */
export async function device(url: string, appId: string) {
  const client = await connect({ url, appId, storage: memoryStorage() });
  onTestFinished(() => client.close());
  const lost = new Promise<PushError | undefined>((resolve) => {
    client.onState(({ state, error }) => {
      if (state === "waiting" || state === "closed") resolve(error);
    });
  });
  return { client, lost, regId: await client.register() };
}
