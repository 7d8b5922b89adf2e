/** What a message carries besides its data, and what its sender asks for, over a real mesh. */
import { describe, expect, onTestFinished, test } from "vitest";
import { webPushEncryption } from "../../../sdk/device/encryption/mod.ts";
import {
  type ConnectOptions,
  connect,
  memoryStorage,
  type PushMessage,
} from "../../../sdk/device/mod.ts";
import { type App, Mesh } from "../../chaos/mesh.ts";
import { shared } from "../support/shared-mesh.ts";

const mesh = shared(async (atEnd) => {
  const started = await Mesh.start();
  atEnd(() => started.stop());
  const app = await started.app("options");
  return { app, started, server: started.sender(app) };
});

/** A device whose app keeps what it was shown. */
async function device(options: Partial<ConnectOptions> = {}, app: App = mesh().app) {
  const storage = memoryStorage();
  const open = async () => {
    const { url } = mesh().started;
    const client = await connect({ url, appId: app.appId, storage, ...options });
    onTestFinished(() => client.close());
    client.onMessage((message) => {
      got.push(message);
    });
    return client;
  };
  const got: PushMessage[] = [];
  const client = await open();
  return { client, regId: await client.register(), got, open };
}

const notification = {
  ...{ title: "Anna 👋", body: "Lunch?\nAt 12", icon: "/anna.png", url: "/chat/7", badge: 3 },
  image: "https://example.com/menu.jpg",
  actions: [{ action: "yes", title: "Yes", url: "/chat/7?yes" }],
};

describe("a notification", () => {
  test("O1 O2 comes as its sender gave it, beside data of any form or alone, at once and after a wait", async () => {
    const { server } = mesh();
    const { client, regId, got, open } = await device();
    const contents = [
      { data: { chat: 7 } },
      { data: "text" },
      { data: Uint8Array.of(1, 255) },
      {},
    ] as const;
    for (const content of contents) {
      const { status } = await server.send({ to: regId, notification, ...content });
      expect(status).toBe("delivered");
    }
    await client.close();
    for (const content of contents)
      expect((await server.send({ to: regId, notification, ...content })).status).toBe("queued");
    await open();
    await expect.poll(() => got.length).toBe(8);
    for (const [at, message] of got.entries())
      expect(message).toMatchObject({ data: {}, ...contents[at % 4], notification });
  });

  test("O2 comes to the holders of an alias, the members of a tag and every device, there or away", async () => {
    const { server } = mesh();
    const there = await device();
    const away = await device();
    for (const { client } of [there, away]) {
      await client.setAlias("lunch", { shared: true });
      await client.subscribe("lunch");
    }
    await away.client.close();
    const options = { respondAsync: true };
    await server.send({ to: { alias: "lunch" }, data: "alias", notification }, options);
    await server.broadcast({ to: { tag: "lunch" }, data: "tag", notification });
    await server.broadcast({ to: { everyone: true }, notification, ttl: 60 });
    await server.broadcast({ to: { tag: "lunch" }, data: "none" });
    await away.open();
    for (const { got } of [there, away]) {
      await expect.poll(() => got.length).toBe(4);
      const shown = got.map((one) => ({ data: one.data, notification: one.notification }));
      const sent = ["alias", "tag", {}].map((data) => ({ data, notification }));
      expect(shown).toEqual(expect.arrayContaining([...sent, { data: "none" }]));
    }
  });

  test("O2 S30 is encrypted with the data, and comes as it was given", async () => {
    const { server } = mesh();
    const { client, regId, got } = await device({ encryption: webPushEncryption() });
    await client.ping();
    const contents = [{ data: { chat: 7 } }, { data: Uint8Array.of(4, 0) }, {}];
    for (const content of contents) {
      const sent = { to: regId, notification, encrypt: true, ...content };
      expect((await server.send(sent)).status).toBe("delivered");
    }
    for (const [at, message] of got.entries())
      expect(message).toMatchObject({ data: {}, ...contents[at], notification, encrypted: true });
    expect(got).toHaveLength(3);
  });
});

describe("a message that is for online devices only", () => {
  test("O3 is delivered to those that are there, and ends for the others", async () => {
    const { server } = mesh();
    const there = await device();
    const away = await device();
    for (const { client } of [there, away]) {
      await client.setAlias("online", { shared: true });
      await client.subscribe("online");
    }
    await away.client.close();
    const isAway = async () => !(await server.registration(away.regId)).connected;
    await expect.poll(isAway).toBe(true);
    const only = { data: "now", onlineOnly: true };
    expect(await server.send({ to: there.regId, ...only })).toMatchObject({ status: "delivered" });
    const missed = await server.send({ to: away.regId, ...only });
    expect(missed.status).toBe("expired");
    expect(await server.status(missed.id)).toMatchObject({ status: "expired" });
    const { results } = await server.send({ to: { alias: "online" }, ...only });
    const ends = results.map((one) => ("status" in one ? one.status : one.error));
    expect(ends.sort()).toEqual(["delivered", "expired"]);
    const { id } = await server.broadcast({ to: { tag: "online" }, ...only });
    await expect.poll(() => there.got.length).toBe(3);
    await expect.poll(async () => (await server.status(id)).status).toBe("sent");
    await away.open();
    await server.send({ to: away.regId, data: "later" });
    await expect.poll(() => away.got.map(({ data }) => data)).toEqual(["later"]);
  });
});

describe("a message that is only checked", () => {
  test("O4 is answered with its recipients, and nothing is sent", async () => {
    const { server } = mesh();
    const { regId, got, client } = await device();
    await client.setAlias("check");
    await client.subscribe("check");
    const targets: never[] = [regId, { alias: "check" }, { tag: "check" }] as never[];
    for (const to of targets)
      expect(await server.validate({ to, data: "x" })).toMatchObject({
        valid: true,
        recipients: 1,
      });
    const all = await server.validate({ to: { everyone: true }, data: "x" });
    expect(all.recipients).toBeGreaterThan(0);
    // What was really sent afterwards is all that came.
    await server.send({ to: regId, data: "real" });
    expect(got.map(({ data }) => data)).toEqual(["real"]);
  });

  test("O4 is refused as the message would be", async () => {
    const { server } = mesh();
    const { regId } = await device();
    const codeOf = (asked: Promise<unknown>) => asked.catch(({ code }) => code);
    const bad: [Parameters<typeof server.validate>[0], string][] = [
      [{ to: `${regId}x`, data: "x" }, "reg_id_invalid"],
      [{ to: { alias: "nobody" }, data: "x" }, "alias_unknown"],
      [{ to: { tag: "nobody" }, data: "x" }, "tag_unknown"],
      [{ to: regId, data: "x".repeat(5_000) }, "field_invalid"],
      [{ to: { tag: "nobody" }, data: "x", onOverflow: "reject" } as never, "field_invalid"],
    ];
    for (const [message, code] of bad) expect(await codeOf(server.validate(message))).toBe(code);
    await server.registrations.remove(regId);
    expect(await codeOf(server.validate({ to: regId, data: "x" }))).toBe("unregistered");
  });
});
