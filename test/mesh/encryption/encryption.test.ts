/** End-to-end encryption as an app and its server have it: by the SDKs, over a real mesh. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import {
  type WebPushEncryptionOptions,
  webPushEncryption,
} from "../../../sdk/device/encryption/mod.ts";
import {
  connect,
  memoryStorage,
  type PushError,
  type PushMessage,
} from "../../../sdk/device/mod.ts";
import { PushServer, type PushServerOptions } from "../../../sdk/server/mod.ts";
import { type App, Mesh } from "../../chaos/mesh.ts";
import { until } from "../../chaos/wait.ts";
import { call } from "../support/listener.ts";

let mesh: Mesh;
let app: App;

beforeAll(async () => {
  mesh = await Mesh.start();
  app = await mesh.app("encryption");
});

afterAll(() => mesh.stop());

const comes = (what: string, holds: () => boolean | Promise<boolean>) => until(what, holds, 30_000);

const serverOf = (options: Partial<PushServerOptions> = {}) =>
  new PushServer({ url: mesh.url, keyId: app.keyId, key: app.secret, ...options });

/** A device whose app keeps what it was shown, and what it was told of. */
async function device(
  options: WebPushEncryptionOptions | null = {},
  storage = memoryStorage(),
  isListening = true,
) {
  const encryption = options === null ? undefined : webPushEncryption(options);
  const client = await connect({ url: mesh.url, appId: app.appId, storage, encryption });
  onTestFinished(() => client.close());
  const got: PushMessage[] = [];
  const errors: PushError[] = [];
  client.onError((error) => errors.push(error));
  const listen = () =>
    client.onMessage((message) => {
      got.push(message);
    });
  if (isListening) listen();
  const regId = await client.register();
  const key = () => encryption?.key() ?? Promise.reject(new Error("no encryption"));
  const rotate = () => encryption?.rotateKey() ?? Promise.reject(new Error("no encryption"));
  return { client, regId, got, errors, listen, key, rotate, storage };
}

const codeOf = (asked: Promise<unknown>): Promise<string> =>
  asked.then(
    () => "done",
    ({ code }: { code: string }) => code,
  );

const keyPath = (regId: string) => `/v1/registrations/${encodeURIComponent(regId)}/encryption-key`;

/** Everything in the folder of the mesh, as bytes. */
function filesOf(folder: string): Buffer {
  const parts = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name))
    // The journal of an object that fell asleep is gone.
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile())
    .map((path) => readFileSync(path));
  return Buffer.concat(parts);
}

describe("an encrypted message", () => {
  test("S30 arrives as the object, text or bytes that its sender gave, and is delivered", async () => {
    const { regId, got } = await device();
    const server = serverOf();
    const forms = [
      { n: 12, text: "Grüße \u0000", list: [1, null] },
      "text \u{1f4a9}",
      "",
      Uint8Array.of(0, 255, 128),
      new Uint8Array(),
    ];
    for (const data of forms) {
      const answer = await server.send({ to: regId, data, encrypt: true });
      expect(answer.status).toBe("delivered");
      expect(got.at(-1)).toMatchObject({ id: answer.id, encrypted: true, data });
    }
    await server.send({ to: regId, json: '{"a":12345678901234567890}', encrypt: true });
    expect(got.at(-1)?.json).toBe('{"a":12345678901234567890}');
    // What is not encrypted arrives as before, and says so.
    await server.send({ to: regId, data: "plain" });
    expect(got.at(-1)).toMatchObject({ data: "plain" });
    expect(got.at(-1)?.encrypted).toBeUndefined();
  });

  test("S34 has at most 3,992 bytes of data, and one more is refused before a call", async () => {
    const { regId, got } = await device();
    const server = serverOf();
    const data = "x".repeat(3_992);
    expect((await server.send({ to: regId, data, encrypt: true })).status).toBe("delivered");
    expect(got.at(-1)?.data).toBe(data);
    for (const more of [`${data}x`, { a: "x".repeat(3_985) }, new Uint8Array(3_993)]) {
      const refused = server.send({ to: regId, data: more, encrypt: true });
      await expect(refused).rejects.toMatchObject({
        code: "option_invalid",
        message: "data: 3993 bytes; at most 3992 can be encrypted",
      });
    }
  });

  test("S34 sent again by another process with the same idempotency key is the same message", async () => {
    const { regId, got } = await device();
    const options = { idempotencyKey: crypto.randomUUID() };
    const message = { to: regId, data: "once", encrypt: true };
    const first = await serverOf().send(message, options);
    const second = await serverOf().send(message, options);
    expect(second).toMatchObject({ id: first.id, status: "delivered" });
    expect(got.map(({ data }) => data)).toEqual(["once"]);
    const other = serverOf().send({ ...message, data: "another" }, options);
    expect(await codeOf(other)).toBe("idempotency_key_reused");
  });

  test("S32 is in no file of the mesh but as bytes that it cannot read, and survives its kill", async () => {
    const { client, regId, got, listen } = await device({}, memoryStorage(), false);
    const server = serverOf();
    const secret = `4711-${crypto.randomUUID()}`;
    const marker = `plain-${crypto.randomUUID()}`;
    const data = { code: secret };
    const { status } = await server.send({ to: regId, data, encrypt: true }, { wait: 0 });
    expect(status).toBe("queued");
    await server.send({ to: regId, data: marker }, { wait: 0 });
    const files = filesOf(mesh.folder);
    // The search finds what is there in plain.
    expect(files.includes(marker)).toBe(true);
    for (const form of ["utf8", "utf16le", "base64", "hex"] as const) {
      const text = Buffer.from(secret);
      const wanted = form === "utf16le" ? Buffer.from(secret, "utf16le") : text.toString(form);
      expect(files.includes(wanted), form).toBe(false);
    }
    await mesh.kill(mesh.victims[0]);
    // By itself it waits as long as the restart took.
    client.reconnectNow();
    listen();
    await comes("both messages", () => got.length === 2);
    expect(got.map((message) => message.data)).toEqual([{ code: secret }, marker]);
  });
});

describe("the key of a registration", () => {
  test("S31 is read by its own app alone, survives a kill of the mesh, and ends with the registration", async () => {
    const { client, regId, key, rotate } = await device();
    const read = (by: App) => call(mesh.url, by, "GET", keyPath(regId));
    const first = (await (await read(app)).json()) as { publishedAt: number };
    expect(first).toEqual({ ...(await key()), publishedAt: expect.any(Number) });
    expect(await (await read(await mesh.app("other"))).json()).toMatchObject({
      code: "reg_id_foreign",
    });
    expect((await fetch(mesh.url + keyPath(regId))).status).toBe(401);
    const { secret } = await mesh.app("third");
    expect((await read({ ...app, secret })).status).toBe(401);

    await rotate();
    await mesh.kill(mesh.victims[0]);
    const second = (await (await read(app)).json()) as { publishedAt: number };
    expect(second).toEqual({ ...(await key()), publishedAt: expect.any(Number) });
    expect(second.publishedAt).toBeGreaterThan(first.publishedAt);

    await client.unregister();
    expect((await read(app)).status).toBe(410);
    const before = await key();
    const again = await client.register();
    expect(await (await call(mesh.url, app, "GET", keyPath(again))).json()).toMatchObject(
      await key(),
    );
    expect(await key(), "a new registration has a new key").not.toEqual(before);
  });

  test("S31 S34 is missing where the device has no encryption, or keeps its key to itself", async () => {
    const plain = await device(null);
    const own = await device({ publish: false });
    const server = serverOf();
    for (const { regId } of [plain, own]) {
      const refused = server.send({ to: regId, data: "x", encrypt: true });
      expect(await codeOf(refused)).toBe("encryption_key_missing");
    }
    // Handed over by the app itself.
    await server.encryption.pin(own.regId, await own.key());
    const answer = await server.send({ to: own.regId, data: "x", encrypt: true });
    expect(answer.status).toBe("delivered");
    expect(own.got.at(-1)).toMatchObject({ data: "x", encrypted: true });
  });

  test("S31 is withdrawn where an app no longer publishes it", async () => {
    const { client, regId, storage, key } = await device();
    expect((await call(mesh.url, app, "GET", keyPath(regId))).status).toBe(200);
    const before = await key();
    await client.close();
    const later = await device({ publish: false }, storage);
    expect(later.regId).toBe(regId);
    expect((await call(mesh.url, app, "GET", keyPath(regId))).status).toBe(404);
    expect(await later.key()).toEqual(before);
  });

  test("S30 S34 is replaced: what is queued for the old one is read, and a server must accept the new one", async () => {
    const { regId, got, listen, rotate, client, storage } = await device(
      {},
      memoryStorage(),
      false,
    );
    const server = serverOf();
    const queue = (data: string, by = server) =>
      by.send({ to: regId, data, encrypt: true }, { wait: 0 });
    await queue("to the first key");
    const asked: string[] = [];
    let accepts = false;
    const careful = serverOf({
      encryption: {
        pins: new Map([[regId, await server.encryption.key(regId)]]) as never,
        onKeyChange: (changed) => {
          asked.push(changed);
          return accepts;
        },
      },
    });
    await rotate();
    // It was confirmed less than five minutes ago.
    await queue("to the first key, from a pin");
    expect(await codeOf(queue("refused", careful))).toBe("encryption_key_changed");
    expect(await codeOf(queue("refused", careful))).toBe("encryption_key_changed");
    accepts = true;
    await queue("to the second key", careful);
    expect(asked).toEqual([regId, regId, regId]);
    await server.encryption.forget(regId);
    await queue("to the second key, trusted anew");
    // The keys survive a restart of the app.
    await client.close();
    const second = await device({}, storage);
    await comes("all four", () => second.got.length === 4);
    expect(second.got.map(({ data }) => data)).toEqual([
      "to the first key",
      "to the first key, from a pin",
      "to the second key",
      "to the second key, trusted anew",
    ]);
    expect(got).toEqual([]);
    expect(listen).toBeTypeOf("function");
  });
});

describe("a message that does not decrypt", () => {
  /** Sends a body as it is. */
  const raw = async (regId: string, body: Uint8Array) => {
    const dataBase64 = Buffer.from(body).toString("base64");
    const answer = await call(mesh.url, app, "POST", "/v1/messages", {
      ...{ to: regId, dataBase64, encrypted: true },
    });
    return (await answer.json()) as { id: string; status: string };
  };

  test("S33 is never shown, holds up no other, is reported with its ID, and ends expired", async () => {
    const { regId, got, errors } = await device();
    const stranger = await device();
    const server = serverOf();
    await server.send({ to: regId, data: "before", encrypt: true });
    // To the key of another registration.
    const misled = serverOf();
    await misled.encryption.pin(regId, await stranger.key());
    const foreign = await misled.send({ to: regId, data: "foreign", encrypt: true });
    const noise = crypto.getRandomValues(new Uint8Array(200));
    noise.set([0, 0, 16, 0, 65, 4], 16);
    const forged = await raw(regId, noise);
    const after = await server.send({ to: regId, data: "after", encrypt: true });
    expect([foreign.status, forged.status, after.status]).toEqual([
      "expired",
      "expired",
      "delivered",
    ]);
    expect(got.map(({ data }) => data)).toEqual(["before", "after"]);
    expect(errors.map(({ code, messageId }) => ({ code, messageId }))).toEqual([
      { code: "decrypt_failed", messageId: foreign.id },
      { code: "decrypt_failed", messageId: forged.id },
    ]);
    const status = await server.status(foreign.id);
    expect(status.status).toBe("expired");
  });

  test("S33 is dropped as malformed by an app without encryption, whose link stays", async () => {
    const { regId, got, errors, client } = await device(null);
    const other = await device();
    const server = serverOf();
    await server.encryption.pin(regId, await other.key());
    const lost = await server.send({ to: regId, data: "secret", encrypt: true });
    expect(lost.status).toBe("expired");
    expect((await server.send({ to: regId, data: "plain" })).status).toBe("delivered");
    expect(got.map(({ data }) => data)).toEqual(["plain"]);
    expect(errors.map(({ code, messageId }) => [code, messageId])).toEqual([
      ["data_invalid", lost.id],
    ]);
    expect(client.state).toBe("connected");
  });

  test("S33 nor is one that is not encrypted, where the app requires it", async () => {
    const { regId, got, errors } = await device({ required: true });
    const server = serverOf();
    expect((await server.send({ to: regId, data: "plain" })).status).toBe("expired");
    expect((await server.send({ to: regId, data: "x", encrypt: true })).status).toBe("delivered");
    expect(got.map(({ data }) => data)).toEqual(["x"]);
    expect(errors.map(({ code }) => code)).toEqual(["decrypt_failed"]);
  });
});

test("S32 the server SDK refuses to encrypt to an alias or a tag", async () => {
  const server = serverOf();
  const message = { data: "x", encrypt: true };
  for (const to of [{ alias: "a" }, { tag: "t" }, { everyone: true }]) {
    const refused = server.send({ ...message, to } as never);
    expect(await codeOf(refused)).toBe("option_invalid");
  }
});
