/** Standing registrations that only listen, after what their app trusts has changed. */
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import {
  connect,
  type GrantCallback,
  memoryStorage,
  type PushError,
} from "../../../sdk/device/mod.ts";
import { type App, Mesh } from "../../chaos/mesh.ts";
import { until } from "../../chaos/wait.ts";

let mesh: Mesh;

beforeAll(async () => {
  mesh = await Mesh.start();
});

afterAll(() => mesh.stop());

const comes = (what: string, holds: () => boolean | Promise<boolean>) => until(what, holds, 30_000);

const codeOf = (asked: Promise<unknown>): Promise<string> =>
  asked.then(
    () => "done",
    ({ code }: PushError) => code,
  );

/** An app of the default policy, and another key of it. */
async function appOf(): Promise<{ readonly app: App; readonly other: App }> {
  const admin = mesh.admin();
  const { appId } = await admin.createApp("Shop");
  const keyOf = async () => {
    const { keyId, secret = "" } = await admin.createKey(appId);
    return { appId, keyId, secret };
  };
  return { app: await keyOf(), other: await keyOf() };
}

async function deviceOf({ appId }: App, grant?: GrantCallback) {
  const client = await connect({ url: mesh.url, appId, storage: memoryStorage(), grant });
  onTestFinished(() => client.close());
  const shown: unknown[] = [];
  client.onMessage(({ data }) => {
    shown.push(data);
  });
  return { client, shown, to: await client.register() };
}

test("S6 a registration that only listens receives nothing more once its grant's key is revoked: no send, alias or broadcast; renewed, all of it", async () => {
  const { app, other } = await appOf();
  const server = mesh.sender(app);
  const { promise: renewed, resolve: renew } = Promise.withResolvers<string>();
  const names = { aliases: ["user-7"], tags: ["news"] };
  const { client, shown, to } = await deviceOf(app, async ({ reason }) =>
    reason === "register" ? mesh.sender(other).grant(names) : renewed,
  );
  await client.setAlias("user-7");
  await client.subscribe("news");
  const bystander = await deviceOf(app, () => server.grant({ tags: ["news"] }));
  await bystander.client.subscribe("news");
  expect(await server.send({ to, data: "before" })).toMatchObject({ status: "delivered" });

  await mesh.admin().revokeKey(app.appId, other.keyId);
  const ids: string[] = [];
  await comes("the end of its right", async () => {
    const sent = await server.send({ to, data: `sent ${ids.length}` }, { wait: 1 });
    ids.push(sent.id);
    return sent.status === "queued";
  });
  const queued = ids.at(-1) ?? "";
  const now = await server.send({ to, data: "now or never", ttl: 0 });
  expect(now).toMatchObject({ status: "expired" });
  const password = server.send({ to: { alias: "user-7" }, data: "a password" });
  expect(await codeOf(password)).toBe("alias_unknown");
  const broadcast = await server.broadcast({ to: { tag: "news" }, data: "for members" });
  // One that may still receive does.
  await comes("the broadcast", () => bystander.shown.includes("for members"));
  expect(await server.send({ to: bystander.to, data: "yours" })).toMatchObject({
    status: "delivered",
  });
  await comes("its end", async () => (await server.status(broadcast.id)).status === "sent");
  expect(shown).not.toContain("for members");
  expect(shown).not.toContain(`sent ${ids.length - 1}`);

  renew(await server.grant(names));
  await comes("what waited", () => shown.includes(`sent ${ids.length - 1}`));
  expect(await server.status(queued)).toMatchObject({ status: "delivered" });
  for (const lost of ["now or never", "a password", "for members"])
    expect(shown).not.toContain(lost);
  expect(new Set(shown).size).toBe(shown.length);
});

test("S5 S6 a registration of an open app stops receiving once the policy wants a grant, and leaves the tags that it forbids", async () => {
  const app = await mesh.app();
  const server = mesh.sender(app);
  const { client, shown, to } = await deviceOf(app);
  await client.subscribe("news");
  const given = await deviceOf(app);
  await server.tags.add("news", given.to);
  await mesh.admin().setPolicy(app.appId, {
    ...{ register: "open", alias: [], tag: [{ prefix: "news", rule: "server" }] },
  });
  await comes("the end of its membership", async () => {
    await server.broadcast({ to: { tag: "news" }, data: `${shown.length}` });
    return (await client.describe()).tags.length === 0;
  });
  const heard = shown.length;
  await server.broadcast({ to: { tag: "news" }, data: "for those that the server put there" });
  await comes("it", () => given.shown.includes("for those that the server put there"));
  expect(shown).toHaveLength(heard);
  expect(await server.send({ to, data: "for itself" })).toMatchObject({ status: "delivered" });
  await mesh.admin().setPolicy(app.appId, { register: "granted", alias: [], tag: [] });
  await comes("the end of its right", async () => {
    const { status } = await server.send({ to, data: "more" }, { wait: 1 });
    return status === "queued";
  });
});

test("S1 S6 a single grant is revoked: it registers and renews nobody, who stands by it receives nothing more, and others of its key go on", async () => {
  const { app } = await appOf();
  const server = mesh.sender(app);
  const leaked = await server.grant();
  const victim = await deviceOf(app, ({ reason }) =>
    reason === "register" ? leaked : new Promise<string>(() => {}),
  );
  const other = await deviceOf(app, () => server.grant());
  expect(await server.send({ to: victim.to, data: "before" })).toMatchObject({
    status: "delivered",
  });
  expect(await server.revokeGrant(leaked)).toMatchObject({ revoked: true });
  expect(await server.revokeGrant(leaked)).toMatchObject({ revoked: false });
  expect(await server.send({ to: victim.to, data: "after" }, { wait: 1 })).toMatchObject({
    status: "queued",
  });
  expect(await server.send({ to: other.to, data: "after" })).toMatchObject({ status: "delivered" });
  const refused = async () => {
    const grant = () => leaked;
    const client = await connect({
      url: mesh.url,
      appId: app.appId,
      storage: memoryStorage(),
      grant,
    });
    onTestFinished(() => client.close());
    return codeOf(client.register());
  };
  expect(await refused()).toBe("grant_invalid");
  await mesh.kill(mesh.victims[0]);
  expect(await refused()).toBe("grant_invalid");
  expect(await server.send({ to: other.to, data: "later" }, { wait: 10 })).toMatchObject({
    status: expect.stringMatching(/delivered|queued/),
  });
  expect(victim.shown).toEqual(["before"]);
});

test("S12 a tag that is closed for live listeners is closed for devices, also for its members; opened, they join it again", async () => {
  const app = await mesh.app();
  const server = mesh.sender(app);
  const member = await deviceOf(app);
  const given = await deviceOf(app);
  const late = await deviceOf(app);
  await member.client.subscribe("staff");
  await server.tags.add("staff", given.to);
  await server.tags.setLive("staff", "closed");
  // Otherwise its commands are decided by a policy that was read up to 60 s before.
  await server.send({ to: late.to, data: "closed" });
  expect(await codeOf(late.client.subscribe("staff"))).toBe("not_granted");
  const hears = async (data: string) => {
    const { id } = await server.broadcast({ to: { tag: "staff" }, data });
    await comes("its end", async () => (await server.status(id)).status === "sent");
  };
  await hears("for the staff");
  await comes("it", () => given.shown.includes("for the staff"));
  expect([member.shown, late.shown]).toEqual([[], ["closed"]]);
  expect(await member.client.describe()).toMatchObject({ tags: [] });
  // After a kill, too.
  await mesh.kill(mesh.victims[0]);
  await comes(
    "the refusal",
    async () => (await codeOf(late.client.subscribe("staff"))) === "not_granted",
  );
  await server.tags.setLive("staff", "token");
  await server.send({ to: late.to, data: "opened" });
  await comes("the tag", async () => (await codeOf(late.client.subscribe("staff"))) === "done");
  await hears("for all");
  await comes("it", () => late.shown.includes("for all"));
});
