/** Encrypted mail while the storage of the device fails, has lost a key, or has two clients; and keys that the mesh did not get. */
import { describe, expect, onTestFinished, test } from "vitest";
import { ContentType, type Message } from "../../../schema/generated/link.ts";
import type { EncryptionContext } from "../../../sdk/device/client/encryption.ts";
import type { Incoming } from "../../../sdk/device/client/message.ts";
import {
  type PublicEncryptionKey,
  type WebPushEncryption,
  webPushEncryption,
} from "../../../sdk/device/encryption/mod.ts";
import { memoryStorage, PushError, type Storage } from "../../../sdk/device/mod.ts";
import { guardStorage } from "../../../sdk/device/storage/storage.ts";
import { until } from "../device/fake/clock.ts";
import { APP, FakeMesh, start } from "../device/fake/mesh.ts";
import { dataFor } from "./sender.ts";

/** A storage whose reads of key pairs fail, and those of all keys, while that is set. */
function failingStorage() {
  const inner = memoryStorage();
  const failing = { pairs: false, all: false };
  const fails = (key: string) => failing.all || (failing.pairs && /encryption\/\d+$/.test(key));
  const storage: Storage = {
    ...inner,
    get: async (key) => {
      if (fails(key)) throw new Error("EMFILE");
      return inner.get(key);
    },
  };
  return { storage, inner, failing };
}

/** A client of a fake mesh that listens, with three keys of an earlier start; it has not read the replaced ones, `key` and `newer`. */
async function restarted() {
  const mesh = new FakeMesh();
  const { storage, inner, failing } = failingStorage();
  const before = webPushEncryption({ publish: false });
  const first = await start(mesh, { storage, encryption: before });
  await first.client.register();
  const key = await before.key();
  const newer = await before.rotateKey();
  await before.rotateKey();
  await first.client.close();
  const encryption = webPushEncryption({ publish: false });
  const device = await start(mesh, { storage, encryption });
  onTestFinished(() => device.client.close());
  const got: unknown[] = [];
  device.client.onMessage(({ data }) => {
    got.push(data);
  });
  await until(() => mesh.socket.attached.size === 1, "the attach");
  const message = async (to: PublicEncryptionKey, text: string): Promise<Message> => ({
    ...mesh.message("", { contentType: ContentType.JSON }),
    data: await dataFor(to, text),
  });
  return { ...device, mesh, inner, failing, key, newer, encryption, got, message };
}

describe("P1.1 while the storage fails, an encrypted message", () => {
  test.each(["pairs", "all"] as const)(
    "P1.1 waits, unacknowledged and in order (%s)",
    async (what) => {
      const { mesh, failing, key, got, errors, message } = await restarted();
      const to = what === "all" ? { ...key, auth: "A".repeat(22) } : key;
      const messages = [await message(to, "a"), await message(key, "b")];
      failing[what] = true;
      const { socket } = mesh;
      socket.deliver(...messages);
      await until(() => errors.length > 0, "the error");
      expect(errors[0]).toMatchObject({
        ...{ code: "storage_failed", retry: "later", retryAfterMs: 1_000, attempt: 1 },
        messageId: expect.any(String),
      });
      await mesh.clock.advance(1_000);
      await until(() => errors.length > 1, "the second error");
      expect(errors[1]).toMatchObject({ code: "storage_failed", retryAfterMs: 2_000, attempt: 2 });
      expect(socket.acks).toEqual([]);
      failing[what] = false;
      await mesh.clock.advance(2_000);
      await until(() => got.includes("b"), "the messages");
      expect(got).toEqual(what === "all" ? ["b"] : ["a", "b"]);
    },
  );

  test("S33 whose key the storage has lost is dropped, and others are opened by the keys that are left", async () => {
    const { mesh, inner, key, newer, got, errors, message } = await restarted();
    await inner.delete(`app/${APP}/encryption/2`);
    const { socket } = mesh;
    socket.deliver(await message(newer, "lost"), await message(key, "kept"));
    await until(() => got.length === 1, "the message");
    expect(got).toEqual(["kept"]);
    expect(errors.map(({ code }) => code)).toEqual(["decrypt_failed"]);
    await until(() => socket.acks.length > 0, "the acknowledgement");
  });
});

/** The encryption of one client, opened without a mesh: `sent` are the keys that a mesh would have. */
async function opened(storage: Storage, registered = true) {
  const sent: string[] = [];
  const reported: unknown[] = [];
  const state = { isClosed: false, refusal: undefined as Error | undefined };
  const encryption: WebPushEncryption = webPushEncryption();
  const context = {
    appId: APP,
    storage: guardStorage(storage),
    host: new FakeMesh().host,
    command: async (command) => {
      if (state.refusal !== undefined) throw state.refusal;
      if (command.kind !== "publishKey") throw new Error(command.kind);
      sent.push(Buffer.from(command.publicKey).toString("base64url"));
    },
    isClosed: () => state.isClosed,
    report: (error) => reported.push(error),
  } satisfies EncryptionContext;
  await encryption.open(context);
  if (registered) await encryption.registered("identity");
  const read = async (data: Uint8Array) => {
    const message = { contentType: ContentType.JSON, data } as Incoming;
    return (await encryption.read(message)).data;
  };
  return { encryption, sent, reported, state, read };
}

describe("S30 two clients on one storage", () => {
  test.each(["one after the other", "at once"])("S30 that rotate %s lose no mail", async (how) => {
    const storage = memoryStorage();
    const a = await opened(storage);
    const b = await opened(storage);
    const keys = [await a.encryption.key()];
    if (how === "at once") {
      keys.push(...(await Promise.all([a.encryption.rotateKey(), b.encryption.rotateKey()])));
    } else {
      for (const one of [b, a, b, a]) keys.push(await one.encryption.rotateKey());
    }
    const data = await Promise.all(keys.map((key, at) => dataFor(key, `to ${at}`)));
    const texts = keys.map((_, at) => `to ${at}`);
    const later = await opened(storage);
    for (const one of [a, b, later]) {
      expect(await Promise.all(data.map((each) => one.read(each)))).toEqual(texts);
    }
    // At once, both may be told of the later one: each is told of the key that is current when the mesh has it.
    const least = how === "at once" ? keys.length - 1 : keys.length;
    expect(new Set(keys.map(({ publicKey }) => publicKey)).size).toBeGreaterThanOrEqual(least);
  });

  test("S30 what one has published is not forgotten by the other's registration", async () => {
    const storage = memoryStorage();
    const a = await opened(storage, false);
    const b = await opened(storage);
    const key = await b.encryption.rotateKey();
    await a.encryption.registered("identity");
    expect(a.sent).toEqual([]);
    expect(await (await opened(storage)).read(await dataFor(key, "kept"))).toBe("kept");
    expect(await a.encryption.key()).toEqual(key);
  });
});

describe("S30 rotateKey", () => {
  test("S30 rejects if the mesh did not get the key, which the next link publishes", async () => {
    const { encryption, sent, state, reported } = await opened(memoryStorage());
    const lost = new PushError({ code: "link_lost", message: "Lost.", retry: "later" });
    state.refusal = lost;
    await expect(encryption.rotateKey()).rejects.toBe(lost);
    expect(reported).toEqual([]);
    state.refusal = undefined;
    await encryption.registered("identity");
    expect(sent.at(-1)).toBe((await encryption.key()).publicKey);
    expect(sent).toHaveLength(2);
  });

  test("S30 rejects on a closed client, and changes nothing", async () => {
    const { encryption, state } = await opened(memoryStorage());
    const key = await encryption.key();
    state.isClosed = true;
    await expect(encryption.rotateKey()).rejects.toMatchObject({ code: "client_closed" });
    expect(await encryption.key()).toEqual(key);
  });

  test("S30 rejects on a client that was closed, which tells its encryption", async () => {
    const { client, encryption } = await restarted();
    await client.close();
    await expect(encryption.rotateKey()).rejects.toMatchObject({ code: "client_closed" });
  });
});
