/** A healthy device and its sender, beside whatever a test does to their mesh: they must notice nothing. */
import { afterAll, afterEach, beforeAll, expect } from "vitest";
import { memoryStorage, connect as openDevice, type PushClient } from "../../../sdk/device/mod.ts";
import type { PushServer } from "../../../sdk/server/mod.ts";
import { type App, Mesh } from "../../chaos/mesh.ts";

export interface Bystander {
  readonly mesh: Mesh;
  readonly app: App;
  readonly sender: PushServer;
  readonly client: PushClient;
  readonly regId: string;
  /** What the device was shown. */
  readonly seen: readonly unknown[];
}

/** Starts a mesh for the tests of a file, and sends to the device after each of them. Returns what to call in a test. */
export function withBystander(): () => Bystander {
  const seen: unknown[] = [];
  let bystander: Bystander | undefined;
  let pid = 0;
  const started = (): Bystander => {
    if (bystander === undefined) throw new Error("called before the tests began");
    return bystander;
  };

  beforeAll(async () => {
    const mesh = await Mesh.start();
    pid = mesh.pid;
    const app = await mesh.app("hostile");
    const client = await openDevice({
      url: mesh.url,
      appId: app.appId,
      storage: memoryStorage(),
    });
    client.onMessage(({ data }) => {
      seen.push(data);
    });
    const regId = await client.register();
    bystander = { mesh, app, sender: mesh.sender(app), client, regId, seen };
  });

  afterEach(async () => {
    const { mesh, sender, regId } = started();
    const data = `after ${seen.length}`;
    const { status } = await sender.send({ to: regId, data });
    // A process that crashed would be gone, or have been started again under another process ID.
    const after = { status, last: seen.at(-1), pid: mesh.pid };
    expect(after).toEqual({ status: "delivered", last: data, pid });
  });

  afterAll(async () => {
    const { client, mesh } = started();
    await client.close();
    await mesh.stop();
  });

  return started;
}
