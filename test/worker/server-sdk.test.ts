import { beforeAll, describe, expect, it } from "vitest";
import {
  createSigningKey,
  MeshAdmin,
  PushServer,
  PushServerError,
  type PushServerOptions,
  UnreachableError,
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
  ({ appId } = await admin.createApp("shop", { policy: "open" }));
  const made = await admin.createKey(appId, { algorithm: "hmac-sha256" });
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
      name: "RefusedError",
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

  it("S42 sends, signed by the Ed25519 key that createKey makes by default, with a line feed after it", async () => {
    const scopes = ["send" as const];
    const { secret = "", ...made } = await admin.createKey(appId, { scopes });
    expect(made).toMatchObject({ algorithm: "ed25519", scopes });
    expect(secret).toMatch(/^ed25519:[\w-]{43}$/);
    const pushing = server({ keyId: made.keyId, key: `${secret}\n` });
    expect((await pushing.send({ to, data: "x" })).status).toBe("delivered");
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
    const told: unknown[] = [];
    const onRetry = (error: Error, attempt: number) => told.push([error.message, attempt]);
    const { status } = await server({ host: lossy.host, onRetry }).send({ to, data: "once" });
    expect(status).toBe("delivered");
    const lost = expect.stringMatching(/^POST .* failed \(connection reset\)\. Check the URL/);
    expect(told).toEqual([
      [lost, 1],
      [lost, 2],
    ]);
    expect(lossy.calls()).toBe(3);
    expect(lossy.pauses).toEqual([125, 250]);
    expect(online.link.messages.length).toBe(before + 1);
  });

  it("P2.2 by default outlasts a mesh that is away for 30 s, with growing pauses", async () => {
    let now = Date.now();
    const back = now + 30_000;
    const away = hostOf((_, pass) =>
      now < back ? Promise.reject(new TypeError("connection refused")) : pass(),
    );
    const sleep = async (ms: number) => {
      now += ms;
      await away.host.sleep?.(ms);
    };
    const host = { ...away.host, now: () => now, sleep };
    expect((await server({ host }).send({ to, data: "x" })).status).toBe("delivered");
    expect(away.pauses.slice(0, 6)).toEqual([125, 250, 500, 1_000, 2_000, 2_500]);
  });

  it("P8.1 gives up after 45 s, or after as long as it was told", async () => {
    for (const [retryForMs, least] of [
      [undefined, 40_000],
      [2_000, 0],
    ] as const) {
      let now = 0;
      const dead = hostOf(() => Promise.reject(new TypeError("no route")));
      const sleep = async (ms: number) => {
        now += ms;
      };
      const host = { ...dead.host, now: () => now, sleep };
      const options = retryForMs === undefined ? {} : { retryForMs };
      const sending = server({ host, ...options }).send({ to, data: "x" });
      await expect(sending).rejects.toBeInstanceOf(UnreachableError);
      expect(now).toBeLessThanOrEqual(retryForMs ?? 45_000);
      expect(now).toBeGreaterThanOrEqual(least);
    }
  });

  it("P8.1 gives up after its attempts, with the key to go on by", async () => {
    const dead = hostOf(() => Promise.reject(new TypeError("no route")));
    const attemptsTold: number[] = [];
    const onRetry = (_: Error, attempt: number) => attemptsTold.push(attempt);
    const sending = server({ host: dead.host, attempts: 2, onRetry }).send(
      { to, data: "x" },
      { idempotencyKey: "order-1" },
    );
    await expect(sending).rejects.toMatchObject({
      code: "network_failed",
      retry: "later",
      idempotencyKey: "order-1",
    });
    expect(dead.calls()).toBe(2);
    expect(attemptsTold).toEqual([1]);
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

  describe("an AbortSignal", () => {
    /** Counts what a signal is asked to tell, and is asked to no more. */
    function watched() {
      const abort = new AbortController();
      const { signal } = abort;
      let listeners = 0;
      const { addEventListener, removeEventListener } = signal;
      signal.addEventListener = (...args: unknown[]) => {
        listeners++;
        addEventListener.apply(signal, args as never);
      };
      signal.removeEventListener = (...args: unknown[]) => {
        listeners--;
        removeEventListener.apply(signal, args as never);
      };
      return { abort, signal, listeners: () => listeners };
    }

    it("P8.1 that outlives many calls is left without a listener", async () => {
      const { signal, listeners } = watched();
      const lossy = hostOf((n, pass) => (n % 2 === 1 ? Promise.reject(new TypeError()) : pass()));
      const push = server({ host: lossy.host });
      for (let n = 0; n < 3; n++) await push.send({ to, data: "x" }, { signal });
      expect(lossy.calls()).toBe(6);
      expect(listeners()).toBe(0);
    });

    it("that has fired sends nothing", async () => {
      const unused = hostOf();
      const signal = AbortSignal.abort("no more");
      const sending = server({ host: unused.host }).send({ to, data: "x" }, { signal });
      await expect(sending).rejects.toMatchObject({ code: "aborted", cause: "no more" });
      expect(unused.calls()).toBe(0);
    });

    it("ends a call on its way, and a pause", async () => {
      const { abort, signal, listeners } = watched();
      const hanging = hostOf(() => new Promise(() => {}));
      const fetchOf = (_: string, init: RequestInit) =>
        new Promise<Response>((_resolve, reject) => {
          init.signal?.addEventListener("abort", () => reject(init.signal?.reason));
          abort.abort("enough");
        });
      const host = { ...hanging.host, fetch: fetchOf };
      const sending = server({ host }).send({ to, data: "x" }, { signal });
      await expect(sending).rejects.toMatchObject({ code: "aborted", cause: "enough" });
      expect(listeners()).toBe(0);

      const second = watched();
      const dead = hostOf(() => Promise.reject(new TypeError("no route")));
      const sleep = () => {
        second.abort.abort("enough");
        return new Promise<void>(() => {});
      };
      const paused = server({ host: { ...dead.host, sleep } }).send(
        { to, data: "x" },
        { signal: second.signal },
      );
      await expect(paused).rejects.toMatchObject({ code: "aborted" });
      expect(dead.calls()).toBe(1);
      expect(second.listeners()).toBe(0);
    });
  });

  it.each([
    ["a Uint8Array", Uint8Array.of(0, 1, 255)],
    ["an ArrayBuffer", Uint8Array.of(0, 1, 255).buffer],
    ["a view of some bytes of a buffer", new Uint8Array([9, 0, 1, 255, 9]).subarray(1, 4)],
    ["a DataView", new DataView(new Uint8Array([9, 0, 1, 255, 9]).buffer, 1, 3)],
  ])("P1.8 %s arrives as bytes", async (_, data) => {
    const next = online.link.nextMessage();
    await server().send({ to, data });
    const message = await next;
    expect([message?.contentType, [...(message?.data ?? [])]]).toEqual([3, [0, 1, 255]]);
  });

  it("P1.8 a bigint arrives with all its digits", async () => {
    const next = online.link.nextMessage();
    await server().send({ to, data: { id: 9223372036854775807n } });
    expect(new TextDecoder().decode((await next)?.data)).toBe('{"id":9223372036854775807}');
  });

  it.each([
    ["NaN", { b: Number.NaN }],
    ["Map", { b: new Map() as never }],
    ["Uint8Array", { b: Uint8Array.of(1) as never }],
  ])("P1.8 refuses %s inside of data, which JSON would drop", async (kind, data) => {
    const unused = hostOf();
    const sending = server({ host: unused.host }).send({ to, data });
    await expect(sending).rejects.toMatchObject({
      code: "option_invalid",
      message: `data.b: JSON has no form for ${kind}`,
    });
    expect(unused.calls()).toBe(0);
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
    [{ attempts: 101 }, "attempts"],
    [{ retryForMs: -1 }, "retryForMs"],
    [{ retryForMs: 600_001 }, "retryForMs"],
    [{ keyId: undefined as never }, "keyId"],
  ])("refuses the options %j by name", (options, name) => {
    const make = () => server(options);
    expect(make).toThrow(PushServerError);
    expect(make).not.toThrow(UnreachableError);
    expect(make).toThrow(name);
  });

  it.each(["", "short", `${"A".repeat(42)}=`, "ed25519:", `ed25519:${"A".repeat(42)}`])(
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
