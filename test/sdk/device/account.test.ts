/** The device SDK against a scripted mesh: accounts and tokens. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { memoryStorage, PushError, type Storage } from "../../../sdk/device/mod.ts";
import { settle, until } from "./fake/clock.ts";
import { FakeMesh, reaches, start, statesOf } from "./fake/mesh.ts";

let mesh = new FakeMesh();

beforeEach(() => {
  mesh = new FakeMesh();
});
afterEach(() => {
  expect(mesh.violations, "what the device did against the protocol").toEqual([]);
});

describe("the account", () => {
  it("is made once, and signed for with a key that no script can read where the storage keeps keys", async () => {
    const storage = memoryStorage();
    const device = await start(mesh, { storage });
    await reaches(device, "connected");
    const pair = await storage.get("device/key");
    if (pair === undefined || typeof pair === "string") throw new Error("no key pair was kept");
    expect(pair.privateKey.extractable).toBe(false);
    await device.client.close();
    const again = await start(mesh, { storage });
    await reaches(again, "connected");
    expect(mesh.requests).toEqual(["POST /v1/devices"]);
    await again.client.close();
  });

  it("W4 that cannot be stored after the client is closed, because the next one has the storage, is no error", async () => {
    const storage = memoryStorage();
    const { promise: taken, reject: take } = Promise.withResolvers<never>();
    let isStoring = false;
    const device = await start(mesh, {
      storage: {
        ...storage,
        set: (key, value) => {
          if (key !== "device/account") return storage.set(key, value);
          isStoring = true;
          return taken;
        },
      },
    });
    await until(() => isStoring, "the account");
    await device.client.close();
    take(new Error("another tab has taken over"));
    await settle();
    expect(mesh.reported).toEqual([]);
  });

  it("is another one with other identifiers, and the same with the same ones in any order", async () => {
    const storage = memoryStorage();
    const accounts = async (identifiers: string[]): Promise<number> => {
      const device = await start(mesh, { storage, identifiers });
      await reaches(device, "connected");
      await device.client.close();
      return mesh.requests.length;
    };
    expect(await accounts(["serial", "imei", "serial"])).toBe(1);
    expect(await accounts(["imei", "serial"])).toBe(1);
    expect(await accounts(["imei"])).toBe(2);
  });

  it.each([
    ["nine identifiers", { identifiers: Array.from({ length: 9 }, (_, i) => `id${i}`) }],
    ["an empty identifier", { identifiers: [""] }],
    ["a URL that is none", { url: "push.test" }],
    ["a URL of another scheme", { url: "wss://push.test" }],
    ["an appId that is a path", { appId: "../../etc" }],
    ["an empty appId", { appId: "" }],
  ])("refuses %s before anything is sent", async (_, options) => {
    await expect(start(mesh, options)).rejects.toMatchObject({ code: "option_invalid" });
    expect(mesh.requests).toEqual([]);
    expect(mesh.online).toBeUndefined();
  });

  it("waits as long as the mesh says", async () => {
    mesh.refuse.push({ code: "overloaded", retryAfterSeconds: 120 });
    const device = await start(mesh);
    await reaches(device, "waiting");
    expect(device.states.at(-1)).toMatchObject({
      error: { code: "overloaded", retry: "later" },
      retryInMs: 120_500,
    });
    await mesh.clock.advance(120_500);
    await reaches(device, "connected");
    await device.client.close();
  });

  it("stops if the mesh says that it cannot succeed, and fails what waits with the reason", async () => {
    mesh.refuse.push({ code: "field_invalid" });
    const device = await start(mesh);
    await expect(device.client.register()).rejects.toMatchObject({ code: "field_invalid" });
    await expect(device.client.register()).rejects.toMatchObject({ code: "field_invalid" });
    expect(statesOf(device)).toContain("closed field_invalid");
    expect(mesh.clock.pending).toEqual([]);
    await device.client.close();
  });

  it("P7 sets its clock by the mesh after a refusal, in both directions", async () => {
    for (const skewMs of [3_600_000, -3_600_000]) {
      mesh = new FakeMesh();
      mesh.skewMs = skewMs;
      const device = await start(mesh);
      await reaches(device, "waiting");
      await mesh.clock.advance(2_000);
      await reaches(device, "connected");
      expect(mesh.requests).toEqual(["POST /v1/devices", "GET /healthz", "POST /v1/devices"]);
      await device.client.close();
    }
  });

  it("sets its clock after token_expired, and makes no new account for it", async () => {
    const storage = memoryStorage();
    const first = await start(mesh, { storage });
    await reaches(first, "connected");
    await first.client.close();
    mesh.skewMs = 7_200_000;
    const device = await start(mesh, { storage });
    await until(() => statesOf(device).includes("waiting token_expired"), "the refusal");
    await mesh.clock.advance(2_000);
    await reaches(device, "connected");
    expect(mesh.requests).toEqual(["POST /v1/devices", "GET /healthz"]);
    await device.client.close();
  });

  it("is made anew if the mesh does not know its credential", async () => {
    const storage = memoryStorage();
    const first = await start(mesh, { storage });
    await reaches(first, "connected");
    await first.client.close();
    mesh.dropAccounts();
    const device = await start(mesh, { storage });
    await reaches(device, "waiting");
    await mesh.clock.advance(1_000);
    await until(() => mesh.sockets.length === 3, "a second token");
    await reaches(device, "waiting");
    await mesh.clock.advance(2_000);
    await reaches(device, "connected");
    const posts = mesh.requests.filter((line) => line.startsWith("POST"));
    expect(posts).toHaveLength(2);
    await device.client.close();
  });

  it("is forgotten after account_replaced, so that the next start makes it again", async () => {
    const storage = memoryStorage();
    const device = await start(mesh, { storage });
    await reaches(device, "connected");
    mesh.socket.end(4201, "account_replaced");
    await reaches(device, "closed");
    expect(device.states.at(-1)?.error).toMatchObject({ code: "account_replaced", retry: "never" });
    await device.client.close();
    const next = await start(mesh, { storage });
    await reaches(next, "connected");
    expect(mesh.requests).toHaveLength(2);
    await next.client.close();
  });

  it.each<[string, (inner: Storage) => Storage]>([
    ["reading", (inner) => ({ ...inner, get: () => Promise.reject(new Error("denied")) })],
    [
      "writing",
      (inner) => {
        const full = () => Promise.reject(new Error("full"));
        return { ...inner, set: full, add: full };
      },
    ],
  ])(
    "fails to start where %s the storage fails, rather than be a new device at each start",
    async (_, broken) => {
      const failed = start(mesh, { storage: broken(memoryStorage()) });
      await expect(failed).rejects.toMatchObject({
        code: "storage_failed",
        cause: expect.any(Error),
      });
      await expect(failed).rejects.toBeInstanceOf(PushError);
      expect(mesh.requests).toEqual([]);
    },
  );
});
