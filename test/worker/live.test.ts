/** What the edge decides before a live node is asked; test/mesh/live.test.ts holds the rest. */
import { afterEach, describe, expect, it, vi } from "vitest";
import { sealAppId } from "../../core/identity/app-id.ts";
import { keyringOf } from "../../core/identity/keyring.ts";
import { type LiveName, liveObjectName, locationOf, parseLiveName } from "../../core/tag/name.ts";
import { links, listeners } from "../../objects/capacity/links.ts";
import { EVENT_STREAM_HEADERS } from "../../objects/live/live-stream.ts";
import { MeshError } from "../../schema/errors.ts";
import { LIMITS } from "../../schema/limits.ts";
import { toBase64Url } from "../../schema/text.ts";
import type { Env } from "../../worker/env.ts";
import type { ListenHost } from "../../worker/live/host.ts";
import { createApp } from "./support/app.ts";
import { env, fetchCounting, ORIGIN, problemOf } from "./support/mesh.ts";
import { ask, put } from "./support/server.ts";

const stream = (path: string, headers: Record<string, string> = {}) =>
  new Request(ORIGIN + path, { headers: { accept: "text/event-stream", ...headers } });

const live = (appId: string, tag: string) => `/v1/apps/${appId}/tags/${tag}/live`;

afterEach(() => {
  vi.useRealTimers();
});

/** Nodes that are full below some number, and which of them were asked. */
function fullBelow(room: number) {
  const asked: LiveName[] = [];
  const LIVE_HOST: ListenHost = {
    ...env.LIVE_HOST,
    open: async (_request, node, { transport }) => {
      asked.push(node);
      if (node.n < room) throw new MeshError("live_full");
      if (transport === "stream") return new Response("", { headers: EVENT_STREAM_HEADERS });
      return new Response(null, { status: 101, webSocket: new WebSocketPair()[0] });
    },
  };
  return { asked, LIVE_HOST };
}

async function openApp(tag: string): Promise<string> {
  const app = await createApp();
  await ask(app, put(`/v1/tags/${tag}/live`, { access: "open" }));
  return app.appId;
}

describe("where a listener goes", () => {
  it("V7 to the first node that has room, which is remembered", async () => {
    const appId = await openApp("full");
    const { asked, LIVE_HOST } = fullBelow(3);
    const listen = () => fetchCounting(stream(live(appId, "full")), { LIVE_HOST });
    expect((await listen()).response.status).toBe(200);
    expect(asked.map(({ n }) => n)).toEqual([0, 1, 2, 3]);
    await listen();
    expect(asked.map(({ n }) => n)).toEqual([0, 1, 2, 3, 3]);
  });

  it("V7 to one that has room again, however many keep coming", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const appId = await openApp("flowing");
    const { asked, LIVE_HOST } = fullBelow(2);
    const listen = () => fetchCounting(stream(live(appId, "flowing")), { LIVE_HOST });
    await listen();
    vi.setSystemTime(Date.now() + LIMITS.TAG_CACHE_MS - 1);
    await listen();
    vi.setSystemTime(Date.now() + 1);
    await listen();
    expect(asked.map(({ n }) => n)).toEqual([0, 1, 2, 2, 0, 1, 2]);
  });

  it("V7 nowhere, where the process holds as many connections as it may, links and listeners together", async () => {
    const appId = await openApp("crowd");
    const { asked, LIVE_HOST } = fullBelow(0);
    const count = () => links.size + listeners.size;
    const listen = (room: number) =>
      fetchCounting(stream(live(appId, "crowd")), {
        LIVE_HOST,
        MAX_LINKS: `${count() + room}`,
      });
    links.add("a device");
    listeners.set("a node", 2);
    const refused = await listen(0);
    expect((await problemOf(refused.response)).code).toBe("mesh_full");
    expect(asked).toEqual([]);
    expect((await listen(1)).response.status).toBe(200);
    const before = count();
    links.delete("a device");
    listeners.set("a node", 0);
    expect(before - count()).toBe(3);
  });

  it("V7 to a node of its kind: an event stream keeps no node of WebSockets awake", async () => {
    const appId = await openApp("kinds");
    const { asked, LIVE_HOST } = fullBelow(0);
    const path = live(appId, "kinds");
    await fetchCounting(stream(path), { LIVE_HOST });
    await fetchCounting(new Request(ORIGIN + path, { headers: { upgrade: "websocket" } }), {
      LIVE_HOST,
    });
    const [streams, sockets] = asked.map(({ region }) => region);
    expect(streams).not.toBe(sockets);
    expect([streams, sockets].map((region) => locationOf(region ?? ""))).toEqual([
      "local",
      "local",
    ]);
    expect(asked.map((name) => parseLiveName(liveObjectName(name)))).toEqual(asked);
  });

  it("V7 nowhere, where every node is full", async () => {
    const appId = await openApp("packed");
    const { asked, LIVE_HOST } = fullBelow(LIMITS.LIVE_NODES);
    const { response } = await fetchCounting(stream(live(appId, "packed")), { LIVE_HOST });
    expect(response.status).toBe(503);
    expect(response.headers.get("retry-after")).toBe("1");
    expect((await problemOf(response)).code).toBe("live_full");
    expect(asked).toHaveLength(LIMITS.LIVE_NODES);
  });

  it.each([
    ["EU", "eu"],
    ["NA", "na"],
    ["T1", "local"],
    [undefined, "local"],
  ])("V7 to a node of its continent: %s", (continent, region) => {
    const request = new Request(ORIGIN);
    Object.defineProperty(request, "cf", { value: { continent } });
    expect(env.LIVE_HOST.regionOf(request)).toBe(region);
  });
});

describe("who is let through", () => {
  it("V2 a tag that is opened or closed is so at once at this edge", async () => {
    const app = await createApp();
    const { LIVE_HOST } = fullBelow(0);
    const path = live(app.appId, "doors");
    const listen = async () => (await fetchCounting(stream(path), { LIVE_HOST })).response.status;
    expect(await listen()).toBe(401);
    for (const [access, status] of [
      ["open", 200],
      ["closed", 403],
      ["token", 401],
    ] as const) {
      await ask(app, put("/v1/tags/doors/live", { access }));
      expect(await listen()).toBe(status);
    }
  });

  it("P8.1 names that are made up wake so many objects and no more, and known tags go on", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const apps = [await openApp("known"), await openApp("known")];
    const { LIVE_HOST } = fullBelow(0);
    const listen = async (tag: string, appId = apps[0] ?? "") =>
      (await fetchCounting(stream(live(appId, tag)), { LIVE_HOST })).response;
    expect((await listen("known")).status).toBe(200);
    const woken: string[] = [];
    const TAGS: Env["TAGS"] = {
      getByName(name) {
        woken.push(name);
        return { ...env.TAGS.getByName(name), info: async () => null };
      },
    };
    const makeUp = async (name: string) =>
      (await fetchCounting(stream(live(apps[0] ?? "", name)), { LIVE_HOST, TAGS })).response;
    for (let name = 1; name < LIMITS.LIVE_QUESTIONS_BURST; name++) {
      expect((await makeUp(`made up ${name}`)).status).toBe(401);
    }
    expect((await problemOf(await makeUp("one more"))).code).toBe("overloaded");
    expect(woken).toHaveLength(LIMITS.LIVE_QUESTIONS_BURST - 1);
    expect((await listen("known")).status).toBe(200);
    expect((await listen("known", apps[1])).status).toBe(200);
    vi.setSystemTime(Date.now() + 1_000);
    for (let name = 1; name <= LIMITS.LIVE_QUESTIONS_PER_SECOND; name++) {
      expect((await makeUp(`then ${name}`)).status).toBe(401);
    }
    expect((await makeUp("too soon")).status).toBe(503);
  });

  it("P8.1 made-up names refuse nobody who listens to a tag that was open when it was last asked about", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    const appId = await openApp("stays");
    const { LIVE_HOST } = fullBelow(0);
    const statusOf = async (tag: string, others: Partial<Env> = {}) =>
      (await fetchCounting(stream(live(appId, tag)), { LIVE_HOST, ...others })).response.status;
    const TAGS: Env["TAGS"] = {
      getByName: (name) => ({ ...env.TAGS.getByName(name), info: async () => null }),
    };
    expect(await statusOf("stays")).toBe(200);
    // It is asked about again, while strangers take all questions there are.
    vi.setSystemTime(Date.now() + LIMITS.TAG_CACHE_MS + 1);
    for (let name = 0; (await statusOf(`made up ${name}`, { TAGS })) !== 503; name++);
    expect(await statusOf("stays")).toBe(200);
  });

  it("P7.2 a forged appId touches no object", async () => {
    const foreign = keyringOf(`1:${toBase64Url(new Uint8Array(32).fill(9))}`);
    if (typeof foreign === "string") throw new Error(foreign);
    for (const appId of ["x", sealAppId(foreign, new Uint8Array(8))]) {
      for (const path of [live(appId, "news"), `/v1/apps/${appId}/live-key`]) {
        const { response, touched } = await fetchCounting(stream(path));
        expect((await problemOf(response)).code).toBe("app_not_found");
        expect(touched).toEqual({ devices: 0, apps: 0, directory: 0 });
      }
    }
  });

  it("P7.2 a token that cannot be right touches no object", async () => {
    const { appId } = await createApp();
    const other = await createApp();
    const part = (value: object) => btoa(JSON.stringify(value)).replaceAll("=", "");
    const head = { typ: "pushmesh-listen+jwt", alg: "HS256", kid: other.keyId };
    const token = `${part(head)}.${part({ aud: "pushmesh" })}.AAAA`;
    const request = stream(live(appId, "news"), { authorization: `Bearer ${token}` });
    const { response, touched } = await fetchCounting(request);
    expect((await problemOf(response)).code).toBe("listen_token_invalid");
    expect(touched).toEqual({ devices: 0, apps: 0, directory: 0 });
  });

  it("V3 an app's live key is made once, and told to anybody", async () => {
    const { appId } = await createApp();
    const ask = async () =>
      (await fetchCounting(new Request(`${ORIGIN}/v1/apps/${appId}/live-key`))).response.json();
    const key = await ask();
    expect(key).toEqual({
      algorithm: "ed25519",
      publicKey: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/),
    });
    expect(await ask()).toEqual(key);
  });
});
