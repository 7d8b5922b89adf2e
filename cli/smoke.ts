/** One of everything, on a mesh that was just deployed. */
import { connect, memoryStorage, type PushMessage } from "../sdk/device/node.ts";
import { type MeshAdmin, PushServer } from "../sdk/server/mod.ts";

/** Limit of a step. Even a distant edge answers in a tenth of it. */
const STEP_MS = 20_000;

/** Reports a step: how long it took, or why it failed. */
export type Tell = (step: { name: string; tookMs: number; error?: string }) => void;

type Step = <T>(name: string, act: () => Promise<T>) => Promise<T>;

/** Runs steps and reports each; rethrows the error of a step. */
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
    const to = await step("register a device", () => device.register());
    const send = async (data: string, wanted: string) =>
      expectSame("the status", (await push.send({ to, data, ttl: 60 })).status, wanted);
    await step("deliver a message", () => send("one", "delivered"));
    await device.close();
    await step("queue a message while the device is away", () => send("two", "queued"));
    device = await open();
    await step("receive it after reconnecting", () => has("two"));
    await step("send to an alias", async () => {
      await device.setAlias("smoke");
      const { results } = await push.send({ to: { alias: "smoke" }, data: "three", ttl: 60 });
      expectSame("the number of holders", results.length, 1);
      await has("three");
    });
    await step("broadcast to a tag", async () => {
      await device.subscribe("smoke");
      await push.broadcast({ to: { tag: "smoke" }, data: "four", ttl: 60 });
      await has("four");
    });
    expectSame("the number of messages", got.length, 4);
    await step("unregister the device", () => device.unregister());
  } finally {
    await device.close();
  }
}

/**
 * Creates an app, a key and a device, delivers a message, queues one, uses an alias and broadcasts: that calls one object of each
 * kind, where a health check calls none. The app is deleted at the end, even if a step failed.
 *
 * @throws the error of the failed step, after `tell` got it
 */
export async function smoke(url: string, admin: MeshAdmin, tell: Tell): Promise<void> {
  const step = stepper(tell);
  const { appId } = await step("create an app", () =>
    admin.createApp("smoke test", { policy: "open" }),
  );
  try {
    const { keyId, secret = "" } = await step("create a key", () => admin.createKey(appId));
    await useApp(step, url, appId, new PushServer({ url, keyId, key: secret }));
  } finally {
    await step("delete the app", () => admin.deleteApp(appId));
  }
}
