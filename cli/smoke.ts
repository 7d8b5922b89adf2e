/** One of everything, on a mesh that was just deployed. */
import { connect, memoryStorage, type PushMessage } from "../sdk/device/node.ts";
import { type MeshAdmin, PushServer } from "../sdk/server/mod.ts";

/** A step that takes longer has failed: an edge far away answers in a tenth of it. */
const STEP_MS = 20_000;

/** Tells of a step: how long it took, or why it failed. */
export type Tell = (step: { name: string; tookMs: number; error?: string }) => void;

type Step = <T>(name: string, act: () => Promise<T>) => Promise<T>;

/** Runs steps, and tells of each. What a step throws, it throws. */
const stepper =
  (tell: Tell): Step =>
  async (name, act) => {
    const start = performance.now();
    const { promise, reject } = Promise.withResolvers<never>();
    const timer = setTimeout(() => reject(new Error(`no end after ${STEP_MS} ms`)), STEP_MS);
    const tookMs = () => Math.round(performance.now() - start);
    try {
      const value = await Promise.race([act(), promise]);
      tell({ name, tookMs: tookMs() });
      return value;
    } catch (error) {
      tell({ name, tookMs: tookMs(), error: error instanceof Error ? error.message : `${error}` });
      throw error;
    } finally {
      clearTimeout(timer);
    }
  };

function expectSame(what: string, found: unknown, wanted: unknown): void {
  if (found !== wanted) throw new Error(`${what} is ${found}; it should be ${wanted}`);
}

/** One of everything for one app. */
async function useApp(step: Step, url: string, appId: string, push: PushServer): Promise<void> {
  const storage = memoryStorage();
  const got: PushMessage[] = [];
  const waiting = new Set<() => void>();
  const has = async (data: string): Promise<void> => {
    while (!got.some((message) => message.data === data)) {
      await new Promise<void>((resolve) => waiting.add(resolve));
    }
  };
  const open = async () => {
    const client = await connect({ url, appId, storage });
    client.onMessage((message) => {
      got.push(message);
      for (const wake of waiting) wake();
      waiting.clear();
    });
    return client;
  };
  let device = await open();
  try {
    const to = await step("a device registers", () => device.register());
    const send = async (data: string, wanted: string) =>
      expectSame("the status", (await push.send({ to, data, ttl: 60 })).status, wanted);
    await step("a message is delivered", () => send("one", "delivered"));
    await device.close();
    await step("another waits for the device", () => send("two", "queued"));
    device = await open();
    await step("and comes when it is back", () => has("two"));
    await step("an alias is set, and sent to", async () => {
      await device.setAlias("smoke");
      const { results } = await push.send({ to: { alias: "smoke" }, data: "three", ttl: 60 });
      expectSame("the number of holders", results.length, 1);
      await has("three");
    });
    await step("a tag is joined, and broadcast to", async () => {
      await device.subscribe("smoke");
      await push.broadcast({ to: { tag: "smoke" }, data: "four", ttl: 60 });
      await has("four");
    });
    expectSame("the number of messages", got.length, 4);
    await step("the device unregisters", () => device.unregister());
  } finally {
    await device.close();
  }
}

/**
 * An app, a key, a device, a send that is delivered, one that waits, an alias, a broadcast: one object of each kind is touched,
 * where a health check touches none. The app is deleted at the end, also where a step failed.
 *
 * @throws what the step that failed has thrown; `tell` has heard of it
 */
export async function smoke(url: string, admin: MeshAdmin, tell: Tell): Promise<void> {
  const step = stepper(tell);
  const { appId } = await step("an app is made", () => admin.createApp("smoke test"));
  try {
    const { keyId, secret = "" } = await step("and a key", () => admin.createKey(appId));
    await useApp(step, url, appId, new PushServer({ url, keyId, key: secret }));
  } finally {
    await step("the app is deleted", () => admin.deleteApp(appId));
  }
}
