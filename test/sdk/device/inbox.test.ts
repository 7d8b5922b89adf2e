/** The device SDK against a scripted mesh: what becomes of messages that are here when what they came for ends. */
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  memoryStorage,
  openClient,
  type PushMessage,
  type Storage,
  startService,
} from "../../../sdk/device/mod.ts";
import { settle, until } from "./fake/clock.ts";
import { FakeMesh, gate, listening } from "./fake/mesh.ts";

let mesh = new FakeMesh();

beforeEach(() => {
  mesh = new FakeMesh();
});
afterEach(() => {
  expect(mesh.violations, "what the device did against the protocol").toEqual([]);
  expect(mesh.reported).toEqual([]);
});

/** A client whose handler notes what it is given, and ends when it is told to. */
async function busy(storage: Storage = memoryStorage()) {
  const { client, errors } = await listening(mesh, storage);
  const { open, opened } = gate();
  const calls: PushMessage[] = [];
  client.onMessage(async (message) => {
    calls.push(message);
    await opened;
  });
  return { client, errors, calls, open };
}

test("P4.8 what came for a registration that has ended is shown to none, and not acknowledged", async () => {
  const { client, calls, open } = await busy();
  mesh.socket.deliver(mesh.message("1"), mesh.message("2"));
  mesh.socket.broadcast(mesh.broadcast("3"));
  await until(() => calls.length === 2, "the handler");
  await client.unregister();
  await client.register();
  open();
  await settle();
  expect(calls.map(({ data }) => data)).toEqual(["1", "3"]);
  expect(mesh.socket.acks).toEqual([]);
  // The window of the registration that begins knows none of them.
  await until(() => mesh.socket.attached.size === 1, "the attach");
  const [{ slot } = { slot: 0 }] = mesh.registrations;
  mesh.socket.deliver(mesh.message("1", { slot }));
  await until(() => calls.length === 3, "a message of the same key");
  await client.close();
});

test("P7.4 an unregister that is taken back has what came meanwhile sent again", async () => {
  const { client, calls, open } = await busy();
  open();
  const taken = new AbortController();
  // The mesh owes the answer to another command.
  mesh.auto = false;
  const alias = client.setAlias("a");
  const ended = client.unregister({ signal: taken.signal });
  mesh.socket.deliver(mesh.message("1"));
  await settle();
  taken.abort();
  await expect(ended).rejects.toThrow();
  await settle();
  expect(calls).toEqual([]);
  const kinds = mesh.socket.frames.map(({ kind }) => kind);
  expect(kinds.slice(kinds.indexOf("setAlias"))).toEqual(["setAlias", "detach", "attach"]);
  mesh.socket.deliver(mesh.message("1"));
  await until(() => calls.length === 1, "the message");
  await client.close();
  await expect(alias).rejects.toThrow();
});

/** The mesh ends the registration of an unregister that it was sent, and refuses a detach that came behind it. */
async function endAndRefuse(): Promise<void> {
  const frame = mesh.socket.frames.find(({ kind }) => kind === "unregister");
  if (frame?.kind !== "unregister") throw new Error("no unregister came");
  const { request, slot } = frame.value;
  const kinds = mesh.socket.frames.map(({ kind }) => kind);
  expect(kinds.slice(kinds.indexOf("unregister"))).toEqual(["unregister", "detach"]);
  const at = mesh.registrations.findIndex((held) => held.slot === slot);
  mesh.registrations.splice(at, 1);
  mesh.socket.push({ kind: "unregistered", value: { request, slot } });
  mesh.socket.push({ kind: "refusal", value: slotUnknown(slot) });
  await settle();
}

const slotUnknown = (slot: number) => ({
  code: 705,
  name: "slot_unknown",
  message: `slot ${slot}`,
});

test("P7.4 an unregister that is given up while the mesh carries it out tells no error of its slot", async () => {
  const { client, errors } = await busy();
  const givenUp = new AbortController();
  mesh.auto = false;
  const ended = client.unregister({ signal: givenUp.signal });
  await until(() => mesh.socket.frames.some(({ kind }) => kind === "unregister"), "the command");
  givenUp.abort();
  await expect(ended).rejects.toThrow();
  await settle();
  await endAndRefuse();
  expect(errors).toEqual([]);
  // A slot that stands is another matter.
  mesh.auto = true;
  await client.register();
  mesh.socket.push({ kind: "refusal", value: slotUnknown(mesh.registrations[0]?.slot ?? 0) });
  await until(() => errors.length === 1, "the error");
  expect(errors).toMatchObject([{ code: "slot_unknown" }]);
  await client.close();
});

test("P7.4 an unregister whose app leaves before the answer ends its registration, and tells no other app an error", async () => {
  const storage = memoryStorage();
  const { host } = mesh;
  const service = await startService({ url: "https://push.test", storage, host });
  const open = async (letter: string) => {
    const appId = letter.repeat(22);
    const client = await openClient({ appId, port: service.openPort(), storage, host });
    client.onMessage(() => {});
    return { client, regId: await client.register() };
  };
  const [leaving, other] = [await open("B"), await open("C")];
  const errors: unknown[] = [];
  other.client.onError((error) => errors.push(error));
  await until(() => mesh.socket.attached.size === 2, "both attached");
  mesh.auto = false;
  const ended = leaving.client.unregister();
  await until(() => mesh.socket.frames.some(({ kind }) => kind === "unregister"), "the command");
  await leaving.client.close();
  await expect(ended).rejects.toThrow();
  await endAndRefuse();
  expect(errors).toEqual([]);
  mesh.auto = true;
  const again = await open("B");
  expect(again.regId).not.toBe(leaving.regId);
  expect(mesh.registrations.map(({ regId }) => regId)).toContain(again.regId);
  service.close();
});

test("A3 a message that is withdrawn while its handler runs is not handed over again when that fails", async () => {
  const { client, errors } = await listening(mesh);
  const { open, opened } = gate();
  const calls: unknown[] = [];
  client.onMessage(async ({ data }) => {
    calls.push(data);
    await opened;
    if (data === "ring") throw new Error("hung up");
  });
  const ring = mesh.message("ring");
  mesh.socket.deliver(ring, mesh.message("next"));
  await until(() => calls.length === 1, "the handler");
  mesh.socket.push({ kind: "withdraw", value: { slot: 0, key: ring.key } });
  await settle();
  expect(mesh.socket.acks).toEqual([]);
  open();
  await until(() => errors.length === 1, "the failure");
  await mesh.clock.advance(0);
  await until(() => calls.length === 2, "what is behind it");
  expect(calls).toEqual(["ring", "next"]);
  expect(errors.map(({ code }) => code)).toEqual(["handler_failed"]);
  expect(mesh.socket.acks.flatMap(({ discarded = [] }) => discarded)).toEqual([ring.seq]);
  await client.close();
});

test("P1.9 a client that was replaced writes nothing over what the one after it has taken", async () => {
  const storage = memoryStorage();
  const first = await busy(storage);
  const message = mesh.message("1");
  mesh.socket.deliver(message);
  await until(() => first.calls.length === 1, "the handler");
  mesh.socket.end(4200, "replaced");
  await until(() => first.client.state === "closed", "its end");

  const second = await listening(mesh, storage);
  mesh.socket.deliver(message, mesh.message("2"));
  await until(() => second.texts().length === 2, "both");
  first.open();
  await settle();
  await second.client.close();

  const third = await listening(mesh, storage);
  mesh.socket.deliver(message, mesh.message("2", { key: mesh.message("").key }));
  await until(() => third.texts().length === 1, "the new one");
  expect(third.texts()).toEqual(["2"]);
  await third.client.close();
});

test("P1.1 a write that never ends keeps no acknowledgement back for more than 30 s, and is reported", async () => {
  const inner = memoryStorage();
  let hangs = false;
  const storage: Storage = {
    ...inner,
    set: (key, value) => {
      if (!hangs) return inner.set(key, value);
      hangs = false;
      return new Promise(() => {});
    },
  };
  const { client, errors, texts } = await listening(mesh, storage);
  hangs = true;
  const message = mesh.message("1");
  mesh.socket.deliver(message);
  await until(() => texts().length === 1, "the message");
  await mesh.clock.advance(29_999);
  expect(mesh.socket.acks).toEqual([]);
  await mesh.clock.advance(1);
  await until(() => mesh.socket.acks.length === 1, "the acknowledgement");
  expect(errors.map(({ code }) => code)).toEqual(["storage_failed"]);
  mesh.socket.deliver(mesh.message("2"));
  await until(() => mesh.socket.acks.length === 2, "the next");
  await client.close();
  // What could not be written was written with the next.
  const again = await listening(mesh, storage);
  mesh.socket.deliver(message, mesh.message("3"));
  await until(() => again.texts().length === 1, "the new one");
  expect(again.texts()).toEqual(["3"]);
  await again.client.close();
});
