/** How messages end that an app does not take in time: what the sender is told, and what the app was shown. */
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import type { WritablePushUp } from "../../schema/generated/link.ts";
import { connect, memoryStorage } from "../../sdk/device/mod.ts";
import { type App, Mesh } from "../chaos/mesh.ts";
import { until } from "../chaos/wait.ts";
import { call } from "./support/listener.ts";
import { push, RawDevice } from "./support/raw-device.ts";
import { signedSend } from "./support/signed-send.ts";

/** How long a condition may take on a busy machine. */
const COMES_MS = 30_000;

let mesh: Mesh;
let app: App;

beforeAll(async () => {
  mesh = await Mesh.start();
  app = await mesh.app("ends");
});

afterAll(() => mesh.stop());

const send = (to: string, fields: object, prefer: string) =>
  signedSend(mesh.url, app, { to, ...fields }, prefer);

async function statusOf(id: string): Promise<string> {
  const answer = await call(mesh.url, app, "GET", `/v1/messages/${id}`);
  return ((await answer.json()) as { status: string }).status;
}

const ends = (id: string, status: string) =>
  until(`${id} ends ${status}`, async () => (await statusOf(id)) === status, COMES_MS);

async function device(handler: (data: unknown) => void | Promise<void>) {
  const storage = memoryStorage();
  const client = await connect({ url: mesh.url, appId: app.appId, storage });
  onTestFinished(() => client.close());
  client.onError(() => {});
  client.onMessage(({ data }) => handler(data));
  return { client, regId: await client.register() };
}

test("P4.1 P4.5 a message whose handler always throws ends expired, and its sender hears so within its wait", async () => {
  let calls = 0;
  const { regId } = await device(() => {
    calls++;
    throw new Error("never");
  });
  const { status } = await send(regId, { data: "a", ttl: 3 }, "wait=20");
  expect(status).toBe("expired");
  expect(calls).toBeGreaterThan(0);
});

test("P4.3 a ttl 0 message to a busy app is expired within its wait, and is not shown later", async () => {
  const shown: unknown[] = [];
  let free = (): void => {};
  const busy = new Promise<void>((resolve) => {
    free = resolve;
  });
  const { regId } = await device(async (data) => {
    shown.push(data);
    await busy;
  });
  const first = await send(regId, { data: "first" }, "respond-async");
  await until("the handler runs", () => shown.length === 1, COMES_MS);
  const now = await send(regId, { data: "now", ttl: 0 }, "wait=4");
  expect(now.status).toBe("expired");
  free();
  await ends(first.id, "delivered");
  const last = await send(regId, { data: "last" }, "wait=20");
  expect(last.status).toBe("delivered");
  expect(shown).toEqual(["first", "last"]);
});

test("P4.6 five messages of one collapse key on a link that was lost come as one, and the others are collapsed", async () => {
  const first = await RawDevice.greet(mesh.url);
  const { regId, slot } = await first.register(app.appId);
  const sent: string[] = [];
  for (let n = 1; n <= 5; n++) {
    const answer = await send(regId, { data: `${n}`, collapseKey: "c" }, "wait=1");
    expect(answer.status).toBe("queued");
    sent.push(answer.id);
  }
  // It read none of them, and says so by a hello for this slot: after what an app may have that attaches later, it would be asked.
  const again = await RawDevice.greet(mesh.url, first.account, [slot]);
  onTestFinished(() => again.socket.destroy());
  const command = (frame: WritablePushUp) => again.socket.binary(push(frame));
  const frame = await again.next();
  if (frame.kind !== "deliver") throw new Error(`instead of messages: ${frame.kind}`);
  const texts = frame.value.messages.map(({ data }) => new TextDecoder().decode(data));
  expect(texts).toEqual(["5"]);
  const seq = frame.value.messages[0]?.seq ?? 0;
  command({ kind: "acks", value: [{ slot, priority: 2, seq }] });
  await ends(sent[4] ?? "", "delivered");
  for (const id of sent.slice(0, 4)) expect(await statusOf(id)).toBe("collapsed");
});

test("P4.9 a ttl 0 message is answered at once with wait=0 or respond-async, and sent where the device says nothing", async () => {
  const silent = await RawDevice.greet(mesh.url);
  onTestFinished(() => silent.socket.destroy());
  const { regId } = await silent.register(app.appId);
  for (const prefer of ["wait=0", "respond-async"]) {
    const { status } = await send(regId, { data: "now", ttl: 0 }, prefer);
    expect(status).toBe("sent");
  }
  const { status } = await send(regId, { data: "now", ttl: 0 }, "wait=1");
  expect(status).toBe("sent");
});
