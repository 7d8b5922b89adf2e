/** A tab that is reloaded while another one cannot handle a message: to the device, its page is a new listener. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { memoryStorage, type Storage } from "../../../../sdk/device/mod.ts";
import { settle, until } from "../fake/clock.ts";
import { FakeMesh, start } from "../fake/mesh.ts";
import { sharing } from "../fake/shared.ts";

let mesh: FakeMesh;
let storage: Storage;
const opened: { close(): Promise<void> }[] = [];

beforeEach(() => {
  mesh = new FakeMesh();
  storage = memoryStorage();
});
afterEach(async () => {
  const closed = Promise.all(opened.splice(0).map((one) => one.close()));
  await settle();
  await mesh.clock.advance(1_000);
  await closed;
  expect(mesh.violations).toEqual([]);
});

/** @param fails how often its handler throws */
async function tab(fails = 0) {
  const { client } = await start(mesh, { storage: sharing(storage) });
  opened.push(client);
  const got: unknown[] = [];
  let failures = fails;
  client.onMessage(({ data }) => {
    if (failures-- > 0) throw new Error("no disk");
    got.push(data);
  });
  return { client, got };
}

test("W2 its page gets the message that is being given again, once, and none that was acknowledged", async () => {
  const failing = await tab(1);
  const before = await tab();
  await failing.client.register();
  await until(() => mesh.socket.attached.size > 0, "the attach");
  const message = mesh.message("a");
  mesh.socket.deliver(message);
  await until(() => before.got.length === 1, "the message");
  await before.client.close();
  const after = await tab();
  await settle();
  expect(mesh.socket.acks).toEqual([]);
  await mesh.clock.advance(1_000);
  await until(() => mesh.socket.acks.some(({ seq }) => seq === message.seq), "the ack");
  expect([failing.got, before.got, after.got]).toEqual([["a"], ["a"], ["a"]]);
  const next = await tab();
  await settle();
  expect(next.got).toEqual([]);
});
