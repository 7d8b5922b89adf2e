/** The device SDK against a scripted mesh: clients that open and close on one service. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { memoryStorage, openClient, startService } from "../../../../sdk/device/mod.ts";
import { settle, until } from "../fake/clock.ts";
import { APP, FakeMesh } from "../fake/mesh.ts";

let mesh = new FakeMesh();

beforeEach(() => {
  mesh = new FakeMesh();
});
afterEach(() => {
  expect(mesh.violations, "what the device did against the protocol").toEqual([]);
  expect(mesh.reported).toEqual([]);
});

it("P1.5 an app attaches again on the same link only after everything sent before its detach has arrived", async () => {
  const storage = memoryStorage();
  const { host } = mesh;
  const service = await startService({ url: "https://push.test", storage, host });
  const open = async () => {
    const client = await openClient({ appId: APP, port: service.openPort(), storage, host });
    client.onMessage(() => {});
    return client;
  };
  const first = await open();
  await first.register();
  await until(() => mesh.socket.attached.size === 1, "the attach");
  expect(mesh.socket.echoes).toBe(0);
  await first.close();
  await until(() => mesh.socket.attached.size === 0, "the detach");

  const second = await open();
  await until(() => mesh.socket.attached.size === 1, "the attach");
  expect(mesh.socket.echoes).toBe(1);
  await second.close();
  await until(() => mesh.socket.attached.size === 0, "the detach");

  mesh.socket.alive = false;
  await open();
  await until(() => mesh.socket.echoes === 2, "the question whether all is here");
  await settle();
  expect(mesh.socket.attached.size).toBe(0);
  service.close();
});

describe("several apps", () => {
  it("share one account and one link, and get their own messages", async () => {
    const storage = memoryStorage();
    const { host } = mesh;
    const service = await startService({ url: "https://push.test", storage, host });
    const apps = ["B", "C"].map((letter) => letter.repeat(22));
    const clients = await Promise.all(
      apps.map((appId) => openClient({ appId, port: service.openPort(), storage, host })),
    );
    const got: string[] = [];
    for (const [i, client] of clients.entries()) {
      client.onMessage(({ data }) => {
        got.push(`${i}:${data}`);
      });
      await client.register();
    }
    expect(mesh.sockets).toHaveLength(1);
    const slots = apps.map((appId) => mesh.register(appId).slot);
    await until(() => mesh.socket.attached.size === 2, "both attached");
    mesh.socket.deliver(
      mesh.message("x", { slot: slots[1] ?? -1 }),
      mesh.message("y", { slot: slots[0] ?? -1 }),
    );
    await until(() => got.length === 2, "both");
    expect(got.sort()).toEqual(["0:y", "1:x"]);

    await clients[0]?.close();
    await until(() => mesh.socket.attached.size === 1, "the detach");
    expect(mesh.socket.closedBy).toBeUndefined();
    mesh.socket.deliver(mesh.message("z", { slot: slots[1] ?? -1 }));
    await until(() => got.length === 3, "the other app still gets its own");
    await clients[1]?.close();
    service.close();
    expect(mesh.socket.closedBy).toEqual({ by: "device", code: 1000 });
  });

  it("may each be open only once", async () => {
    const storage = memoryStorage();
    const { host } = mesh;
    const service = await startService({ url: "https://push.test", storage, host });
    const open = () => openClient({ appId: APP, port: service.openPort(), storage, host });
    const [first, second] = [await open(), await open()];
    const errors: string[] = [];
    second.onError(({ code }) => errors.push(code));
    await expect(second.register()).rejects.toMatchObject({ code: "app_in_use" });
    expect(errors).toEqual(["app_in_use"]);
    expect(await first.register()).toBe("reg-AAAA-1-0");
    service.close();
  });
});
