import { beforeAll, describe, expect, it } from "vitest";
import {
  createSigningKey,
  MeshAdmin,
  PushServer,
  PushServerError,
  type PushServerOptions,
} from "../../sdk/server/mod.ts";
import { createRecipient, type Recipient } from "./support/fleet.ts";
import { ORIGIN } from "./support/mesh.ts";
import { admin, hostOf } from "./support/sdk.ts";

let appId: string;
let keyId: string;
let key: string;
let online: Recipient;
let to: string;

beforeAll(async () => {
  ({ appId } = await admin.createApp("shop"));
  const made = await admin.createKey(appId);
  keyId = made.keyId;
  key = made.secret ?? "";
  online = await createRecipient({ appId });
  to = online.regId;
});

const server = (options: Partial<PushServerOptions> = {}) =>
  new PushServer({ url: ORIGIN, keyId, key, host: hostOf().host, ...options });

describe("MeshAdmin", () => {
  it("lists apps, shows one and revokes a key", async () => {
    expect((await admin.apps()).some((app) => app.appId === appId)).toBe(true);
    const { keyId: second } = await admin.createKey(appId);
    expect((await admin.app(appId)).keys.map((one) => one.keyId)).toEqual([keyId, second]);
    expect(await admin.revokeKey(appId, second)).toBeUndefined();
    expect((await admin.app(appId)).keys.map((one) => one.keyId)).toEqual([keyId]);
  });

  it("throws the refusal with its body", async () => {
    const stranger = new MeshAdmin({ url: ORIGIN, token: "x", host: hostOf().host });
    await expect(stranger.apps()).rejects.toMatchObject({
      name: "PushServerError",
      code: "admin_token_invalid",
      status: 401,
      retry: "reauthenticate",
      problem: { advice: expect.any(String) },
    });
  });
});

describe("PushServer", () => {
  it("P4.1 sends, signed by HMAC, and asks after the message", async () => {
    const { id, status } = await server().send({ to, data: { title: "Hello" }, ttl: 60 });
    expect(status).toBe("delivered");
    expect((await server().status(id)).status).toBe("delivered");
  });

  it("sends, signed by Ed25519", async () => {
    const { privateKey, publicKey } = await createSigningKey();
    const made = await admin.createKey(appId, { algorithm: "ed25519", publicKey });
    const ed25519 = server({ keyId: made.keyId, key: privateKey });
    await expect
      .poll(
        () =>
          ed25519.send({ to, data: "x" }).then(
            (answer) => answer.status,
            () => null,
          ),
        { timeout: 3_000 },
      )
      .toBe("delivered");
  });

  it("P2.2 tries again with the same key when the answer is lost: the device shows one message", async () => {
    const lossy = hostOf(async (n, pass) => {
      const response = await pass();
      if (n < 3) throw new TypeError("connection reset");
      return response;
    });
    const before = online.link.messages.length;
    const { status } = await server({ host: lossy.host }).send({ to, data: "once" });
    expect(status).toBe("delivered");
    expect(lossy.calls()).toBe(3);
    expect(lossy.pauses).toEqual([125, 250]);
    expect(online.link.messages.length).toBe(before + 1);
  });

  it("P8.1 gives up after its attempts, with the key to go on by", async () => {
    const dead = hostOf(() => Promise.reject(new TypeError("no route")));
    const sending = server({ host: dead.host, attempts: 2 }).send(
      { to, data: "x" },
      { idempotencyKey: "order-1" },
    );
    await expect(sending).rejects.toMatchObject({
      code: "network_failed",
      retry: "later",
      idempotencyKey: "order-1",
    });
    expect(dead.calls()).toBe(2);
  });

  it("waits as long as a busy mesh asks, but not longer than a caller would", async () => {
    const busy = (seconds: number) =>
      new Response(null, { status: 503, headers: { "retry-after": String(seconds) } });
    const brief = hostOf((n, pass) => (n === 1 ? Promise.resolve(busy(2)) : pass()));
    expect((await server({ host: brief.host }).send({ to, data: "x" })).status).toBe("delivered");
    expect(brief.pauses).toEqual([2_125]);
    const long = hostOf(() => Promise.resolve(busy(60)));
    const sending = server({ host: long.host }).send({ to, data: "x" });
    await expect(sending).rejects.toMatchObject({ retryAfterMs: 60_000, status: 503 });
    expect(long.calls()).toBe(1);
  });

  it("does not repeat what the mesh refused, and names the field", async () => {
    const once = hostOf();
    const sending = server({ host: once.host }).send({ to, data: "x", ttl: -1 });
    await expect(sending).rejects.toMatchObject({
      code: "field_invalid",
      problem: { field: "ttl" },
    });
    expect(once.calls()).toBe(1);
  });

  it("P4.4 tells a proxy's page from the mesh", async () => {
    const proxied = hostOf(() =>
      Promise.resolve(new Response("<h1>Forbidden</h1>", { status: 403 })),
    );
    await expect(server({ host: proxied.host }).status("x")).rejects.toMatchObject({
      code: "answer_invalid",
    });
  });

  it.each([
    [{ url: "push.example.com" }, "url"],
    [{ url: "https://push.example.com/prefix" }, "url"],
    [{ url: "ftp://push.example.com" }, "url"],
    [{ attempts: 0 }, "attempts"],
    [{ attempts: 11 }, "attempts"],
  ])("refuses the options %j by name", (options, name) => {
    const make = () => server(options);
    expect(make).toThrow(PushServerError);
    expect(make).toThrow(name);
  });

  it.each(["", "short", `${"A".repeat(42)}=`])(
    "refuses the key %j without a call",
    async (secret) => {
      const unused = hostOf();
      const sending = server({ key: secret, host: unused.host }).send({ to, data: "x" });
      await expect(sending).rejects.toMatchObject({
        code: "option_invalid",
        message: expect.stringContaining("key"),
      });
      expect(unused.calls()).toBe(0);
    },
  );

  it.each([
    [{ wait: -1 }, "wait"],
    [{ wait: 21 }, "wait"],
    [{ wait: 1.5 }, "wait"],
    [{ wait: 1, respondAsync: true }, "respondAsync"],
  ])("refuses the send options %j by name", async (options, name) => {
    const sending = server().send({ to, data: "x" }, options);
    await expect(sending).rejects.toMatchObject({
      code: "option_invalid",
      message: expect.stringContaining(name),
    });
  });
});
