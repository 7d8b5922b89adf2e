/** The device SDK against a scripted mesh: registrations that the app's server removed. */
import { afterEach, beforeEach, expect, it } from "vitest";
import type { Removed } from "../../../../schema/generated/link.ts";
import { memoryStorage, type PushError } from "../../../../sdk/device/mod.ts";
import { settle, until } from "../fake/clock.ts";
import { APP, FakeMesh, listening, start } from "../fake/mesh.ts";

let mesh = new FakeMesh();

beforeEach(() => {
  mesh = new FakeMesh();
});
afterEach(() => {
  expect(mesh.violations, "what the device did against the protocol").toEqual([]);
  expect(mesh.reported).toEqual([]);
});

const REMOVED: Removed = { slot: 1, code: 230, name: "removed", message: "Ask.", appId: APP };
const BANNED: Removed = { ...REMOVED, code: 231, name: "banned", retryAfterMs: 3_600_000 };

const registers = () =>
  mesh.sockets.flatMap(({ frames }) => frames.filter(({ kind }) => kind === "register")).length;

it("S16 removed while linked: the app is told once, has no regId, and the SDK does not register again", async () => {
  const { client } = await listening(mesh);
  const told: PushError[] = [];
  client.onRemoved((error) => told.push(error));
  const before = registers();
  mesh.registrations.length = 0;
  mesh.welcome = { removed: [REMOVED] };
  mesh.socket.push({ kind: "removed", value: REMOVED });
  await until(() => told.length > 0, "the removal");
  expect(told).toMatchObject([{ code: "removed", retry: "never", message: "Ask." }]);
  expect(client.regId).toBeUndefined();
  await expect(client.subscribe("x")).rejects.toMatchObject({ code: "not_registered" });
  mesh.socket.end(1006);
  await mesh.clock.advance(60_000);
  await until(() => client.state === "connected", "the next link");
  await settle();
  expect(told).toHaveLength(1);
  expect(registers()).toBe(before);
  await client.register();
  expect(registers()).toBe(before + 1);
  await client.close();
});

it("S16 removed while away: a register that the app asks for at its start fails, and the next one registers", async () => {
  const storage = memoryStorage();
  const first = await listening(mesh, storage);
  await first.client.close();
  mesh.registrations.length = 0;
  mesh.welcome = { removed: [REMOVED] };
  const before = registers();
  const { client } = await start(mesh, { storage });
  const told: string[] = [];
  client.onRemoved(({ code }) => told.push(code));
  await expect(client.register()).rejects.toMatchObject({ code: "removed", retry: "never" });
  expect(told).toEqual(["removed"]);
  expect([registers(), client.regId]).toEqual([before, undefined]);
  await client.close();

  const again = await start(mesh, { storage });
  again.client.onRemoved(({ code }) => told.push(code));
  await again.client.register();
  expect(told).toEqual(["removed"]);
  expect(registers()).toBe(before + 1);
  await again.client.close();
});

it("S16 without a listener, the removal goes to onError", async () => {
  const { client, errors } = await listening(mesh);
  mesh.registrations.length = 0;
  mesh.socket.push({ kind: "removed", value: BANNED });
  await until(() => errors.length > 0, "the removal");
  expect(errors).toMatchObject([{ code: "banned", retry: "later", retryAfterMs: 3_600_000 }]);
  await client.close();
});

it("S16 a removal of another app, or one that this app never had, concerns nobody", async () => {
  mesh.welcome = { removed: [REMOVED, { ...REMOVED, appId: "B".repeat(22) }] };
  const { client } = await listening(mesh);
  const told: string[] = [];
  client.onRemoved(({ code }) => told.push(code));
  mesh.socket.push({ kind: "removed", value: { ...REMOVED, appId: "B".repeat(22) } });
  await settle();
  expect(told).toEqual([]);
  expect(client.regId).toBeDefined();
  await client.close();
});

it("S17 a banned register fails at once, with the time that the ban lasts, and is not retried", async () => {
  mesh.auto = false;
  const { client } = await start(mesh);
  const refused = client.register();
  const socket = await until(() => mesh.sockets[0], "a socket");
  socket.open();
  socket.welcome();
  await until(() => socket.frames.length === 1, "the command");
  const { code, name, message } = BANNED;
  const refusal = { code, name, message, request: 1, retryAfterMs: 3_600_000 };
  socket.push({ kind: "refusal", value: refusal });
  const error = { code: "banned", retry: "later", retryAfterMs: 3_600_000 };
  await expect(refused).rejects.toMatchObject(error);
  await mesh.clock.advance(40_000);
  expect(registers()).toBe(1);
  await client.close();
});
