/** What a device may do with an app of the default policy: what the grants of the app's server say, and nothing else. */
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
/** Its policy is the one that every new app has. */
let app: App;

beforeAll(async () => {
  mesh = await Mesh.start();
  app = await appOf();
});

afterAll(() => mesh.stop());

const comes = (what: string, holds: () => boolean | Promise<boolean>) => until(what, holds, 30_000);
const codeOf = (asked: Promise<unknown>): Promise<string> =>
  asked.then(
    () => "done",
    ({ code }: PushError) => code,
  );

async function appOf(): Promise<App> {
  const admin = mesh.admin();
  const { appId } = await admin.createApp("Shop");
  const { keyId, secret = "" } = await admin.createKey(appId);
  return { appId, keyId, secret };
}

async function deviceOf(grant?: GrantCallback, { appId } = app) {
  const client = await connect({ url: mesh.url, appId, storage: memoryStorage(), grant });
  onTestFinished(() => client.close());
  const shown: unknown[] = [];
  client.onMessage(({ data }) => {
    shown.push(data);
  });
  return { client, shown };
}

test("S1 a stranger with the appId gets no registration, whatever grant it makes up or finds", async () => {
  const server = mesh.sender(app);
  const stranger = await deviceOf();
  await expect(stranger.client.register()).rejects.toMatchObject({
    code: "grant_required",
    message: expect.stringContaining("asks for a grant"),
  });
  const token = await server.grant();
  const [header, claims, signature = ""] = token.split(".");
  const other = await appOf();
  for (const grant of [
    "a.b.c",
    `${header}.${claims}.`,
    `${header}.${claims}.${signature.startsWith("A") ? "B" : "A"}${signature.slice(1)}`,
    await mesh.sender(other).grant(),
    await mesh.sender({ ...app, secret: other.secret }).grant(),
    // Of somebody else's device, and of a registration that does not stand.
    await server.grant({ device: "AAAAAAAAAAAAAAAAAAAAAA" }),
    await server.grant({ regId: "AAAAAAAAAAAAAAAAAAAAAA" }),
  ]) {
    const { client } = await deviceOf(() => grant);
    expect(await codeOf(client.register())).toBe("grant_invalid");
    expect(client.regId).toBeUndefined();
  }
});

test("S1 S3 a granted device holds the aliases and joins the tags of its grant, and no others", async () => {
  const server = mesh.sender(app);
  const { client, shown } = await deviceOf(({ deviceId }) =>
    server.grant({ device: deviceId, aliases: ["user-7"], tags: [{ prefix: "news/" }] }),
  );
  await client.register();
  expect(await codeOf(client.setAlias("user-8"))).toBe("not_granted");
  expect(await codeOf(client.subscribe(["news/berlin", "staff"]))).toBe("not_granted");
  await client.setAlias("user-7");
  await client.subscribe("news/berlin");
  expect(await client.describe()).toEqual({ tags: ["news/berlin"], aliases: ["user-7"] });
  await server.send({ to: { alias: "user-7" }, data: "a password" });
  await comes("the message", () => shown.length > 0);
  expect(shown).toEqual(["a password"]);
});

test("S3 who may register may still take no alias and join no tag of others", async () => {
  const open = await appOf();
  const server = mesh.sender(open);
  await mesh.admin().setPolicy(open.appId, { register: "open", alias: [], tag: [] });
  const user = await deviceOf(() => server.grant({ aliases: ["user-7"] }), open);
  await user.client.register();
  await user.client.setAlias("user-7");
  const stranger = await deviceOf(undefined, open);
  await stranger.client.register();
  for (const shared of [false, true])
    expect(await codeOf(stranger.client.setAlias("user-7", { shared }))).toBe("not_granted");
  expect(await codeOf(stranger.client.subscribe("staff"))).toBe("not_granted");
  await server.send({ to: { alias: "user-7" }, data: "a password" });
  await comes("the message", () => user.shown.length > 0);
  // Nobody has ever joined it.
  const broadcast = server.broadcast({ to: { tag: "staff" }, data: "for the staff" });
  expect(await codeOf(broadcast)).toBe("tag_unknown");
  expect([user.shown, stranger.shown]).toEqual([["a password"], []]);
  expect(await stranger.client.describe()).toEqual({ tags: [], aliases: [] });
});

test("S1 S6 an expired grant registers nobody; the SDK fetches another, and one that ends while the device listens stops its messages", async () => {
  const { promise: renewed, resolve: renew } = Promise.withResolvers<string>();
  const server = mesh.sender(app);
  const reasons: string[] = [];
  // Clocks may differ by 60 s: these are over for 61 s and for 50 s.
  const expired = (seconds: number) =>
    mesh.sender(app, () => Date.now() - (seconds + 100) * 1_000).grant({ expiresIn: 100 });
  const { client, shown } = await deviceOf(async ({ reason }) => {
    reasons.push(reason);
    if (reason === "lapsed") return renewed;
    return expired(reasons.length === 1 ? 61 : 50);
  });
  const to = await client.register();
  expect(reasons.slice(0, 2)).toEqual(["register", "register"]);
  const ids: string[] = [];
  await comes("the lapse", async () => {
    ids.push((await server.send({ to, data: `${ids.length}` }, { respondAsync: true })).id);
    return reasons.includes("lapsed");
  });
  const waiting = await server.send({ to, data: "waits" }, { respondAsync: true });
  expect(waiting.status).toBe("queued");
  expect(await codeOf(client.setAlias("user-9"))).toBe("grant_expired");
  expect(shown).not.toContain("waits");
  renew(await server.grant());
  await comes("the messages", () => shown.includes("waits"));
  expect(shown).toEqual([...ids.map((_, n) => `${n}`), "waits"]);
  expect(await server.status(waiting.id)).toMatchObject({ status: "delivered" });
});
