/** Apps that take their messages one at a time, over a real mesh: whoever begins to listen anew for each gets all, once and in order. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import type { PushClient, PushMessage } from "../../../sdk/device/mod.ts";
import { PushServer } from "../../../sdk/server/mod.ts";
import { type App, Mesh } from "../../chaos/mesh.ts";
import { device } from "../support/device.ts";

const COUNT = 40;
/** Sends under way at a time: some arrive while the app lets go. */
const AT_ONCE = 5;

let mesh: Mesh;
let app: App;
let server: PushServer;

beforeAll(async () => {
  mesh = await Mesh.start();
  app = await mesh.app("one-at-a-time");
  server = new PushServer({ url: mesh.url, keyId: app.keyId, key: app.secret });
});

afterAll(() => mesh.stop());

/** Takes messages until `enough` fires. */
type Taking = (
  push: PushClient,
  see: (message: PushMessage) => void,
  enough: AbortSignal,
) => Promise<void>;

const WAYS: [string, Taking][] = [
  [
    "once",
    async (push, see, signal) => {
      while (!signal.aborted) see(await push.once({ signal }));
    },
  ],
  [
    "loops that are left, and what they leave comes again",
    async (push, see, signal) => {
      for (let turn = 0; !signal.aborted; turn++) {
        let left = 1 + (turn % 3);
        for await (const message of push.messages({ signal })) {
          if (left-- === 0) break;
          see(message);
        }
      }
    },
  ],
  [
    "handlers that are removed while they are at work",
    async (push, see, signal) => {
      while (!signal.aborted) {
        const { promise: called, resolve } = Promise.withResolvers<void>();
        signal.addEventListener("abort", () => resolve());
        const remove = push.onMessage(async (message) => {
          see(message);
          resolve();
          await sleep(2);
        });
        await called;
        remove();
      }
    },
  ],
];

describe.each(WAYS)("%s", (_, take) => {
  test("E11 get all messages, once and in order, and each is delivered", async () => {
    const { client, regId } = await device(mesh.url, app.appId);
    const shown: string[] = [];
    const enough = new AbortController();
    onTestFinished(() => enough.abort());
    const taking = take(client, ({ id }) => void shown.push(id), enough.signal).catch(() => {});
    const sent: string[] = [];
    for (let n = 0; n < COUNT; n += AT_ONCE) {
      const batch = Array.from({ length: AT_ONCE }, (_, i) =>
        server.send({ to: regId, data: `${n + i}` }),
      );
      for (const { id } of await Promise.all(batch)) sent.push(id);
    }
    await expect.poll(() => shown.length).toBeGreaterThanOrEqual(COUNT);
    expect(shown).toEqual(sent.sort());
    const became = async () =>
      new Set(await Promise.all(sent.map(async (id) => (await server.status(id)).status)));
    await expect.poll(became).toEqual(new Set(["delivered"]));
    enough.abort();
    await taking;
  });
});

test("E11 a message that is taken while nobody else is sent is answered delivered", async () => {
  const { client, regId } = await device(mesh.url, app.appId);
  for (let n = 0; n < 5; n++) {
    const next = client.once();
    await client.ping();
    const { status } = await server.send({ to: regId, data: `${n}` });
    expect(status).toBe("delivered");
    expect(await next).toMatchObject({ data: `${n}` });
  }
});
