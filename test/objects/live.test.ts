/** Live nodes as Durable Objects: their sockets sleep, and what a broadcast costs. */
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, test, vi } from "vitest";
import type { Pass } from "../../core/live/access.ts";
import { liveObjectName, tagIdOf } from "../../core/tag/name.ts";
import type { AppObject } from "../../objects/durable/app.ts";
import type { LiveObject } from "../../objects/durable/live.ts";
import { listenHeaders } from "../../objects/interfaces/connections.ts";
import { SqlLiveStore } from "../../objects/storage/live-store.ts";
import { ERRORS } from "../../schema/errors.ts";
import { LIMITS } from "../../schema/limits.ts";
import { SOON } from "../support/soon.ts";
import { newApp, randomText } from "./support/client.ts";
import { LIVE_STORE_CASES } from "./support/live-store-suite.ts";
import { countWrites } from "./support/rows.ts";
import { rootOf } from "./support/tags.ts";

const { LIVE_NODES, APPS } = env as unknown as {
  readonly LIVE_NODES: DurableObjectNamespace<LiveObject>;
  readonly APPS: DurableObjectNamespace<AppObject>;
};

interface Heard {
  readonly type: string;
  readonly cursor: number;
  readonly data?: unknown;
  readonly listeners?: number;
}

/** A listener's end of its socket. */
class Ear {
  readonly heard: Heard[] = [];
  readonly socket: WebSocket;
  readonly closed: Promise<{ code: number; reason: string }>;

  constructor(socket: WebSocket) {
    this.socket = socket;
    this.closed = new Promise((resolve) => {
      socket.addEventListener("close", ({ code, reason }) => resolve({ code, reason }));
    });
    socket.addEventListener("message", ({ data }) => {
      if (typeof data === "string" && data !== "pong") this.heard.push(JSON.parse(data));
    });
    socket.accept();
  }

  get datas(): unknown[] {
    return this.heard.filter(({ type }) => type === "message").map(({ data }) => data);
  }

  hears(...datas: unknown[]): Promise<void> {
    return vi.waitFor(() => expect(this.datas).toEqual(datas), SOON);
  }
}

/** A tag, its root and its first live node. */
function newTag() {
  const { app, appId } = newApp();
  const tag = `news/${randomText(6)}`;
  const root = rootOf(app, tag);
  const name = liveObjectName({ app, tagId: tagIdOf(app, tag), region: "eu", n: 0 });
  const node = LIVE_NODES.getByName(name);
  const listen = async (
    after: number | null = null,
    // The tag was never opened.
    pass: Pass | null = { until: Date.now() + 3_600_000, key: 1, trust: 1 },
  ): Promise<Ear> => {
    const headers = listenHeaders({ tag, after, transport: "socket", protocol: null, pass });
    const { webSocket } = await node.fetch("https://mesh/", { headers });
    if (webSocket === null) throw new Error("no socket");
    return new Ear(webSocket);
  };
  const send = async (data: string, trustVersion?: number): Promise<void> => {
    const answer = await root.broadcast({
      app,
      cover: [tag],
      condition: null,
      filter: null,
      key: crypto.getRandomValues(new Uint8Array(9)),
      lane: 2,
      contentType: 2,
      data: new TextEncoder().encode(data),
      ttlSeconds: 3_600,
      collapseKey: null,
      pace: null,
      signature: null,
      ...(trustVersion === undefined ? {} : { trustVersion }),
    });
    expect(answer).toMatchObject({ ok: true });
  };
  return { root, node, tag, appId, listen, send };
}

describe("live store on SQLite", () => {
  test.each(LIVE_STORE_CASES)("$name", ({ run }) =>
    runInDurableObject(newTag().node, (_, { storage }) => run(new SqlLiveStore(storage.sql))),
  );
});

describe("a live node", () => {
  test("V1 V2 its sockets sleep between broadcasts, and hear each once", async () => {
    const { node, root, listen, send } = newTag();
    const [one, two] = [await listen(), await listen()];
    await send("1");
    await one.hears("1");
    const { head: first = 0 } = (await root.info()) ?? {};
    await evictDurableObject(node, { webSockets: "hibernate" });
    await send("2");
    await two.hears("1", "2");
    await evictDurableObject(node, { webSockets: "hibernate" });
    const late = await listen(first);
    await late.hears("2");
    await send("3");
    for (const ear of [one, two]) await ear.hears("1", "2", "3");
    await late.hears("2", "3");
    // A node with presence to tell, at most every 5 s, does not sleep before.
  }, 30_000);

  test("S11 one with a token of a revoked key hears nothing more, also after a sleep", async () => {
    const { node, appId, listen, send } = newTag();
    const app = APPS.getByName(appId);
    await app.create("Shop");
    const until = Date.now() + 3_600_000;
    for (let n = 0; n < 2; n++) await app.addKey("ed25519", new Uint8Array(32).fill(9));
    const one = await listen(null, { until, key: 1, trust: 1 });
    const two = await listen(null, { until, key: 2, trust: 1 });
    await send("1", 1);
    for (const ear of [one, two]) await ear.hears("1");
    await evictDurableObject(node, { webSockets: "hibernate" });
    await app.revokeKey(`${appId}.k1`);
    await send("2", 2);
    expect((await one.closed).code).toBe(ERRORS.listen_token_invalid.close);
    await two.hears("1", "2");
    expect(one.datas).toEqual(["1"]);
  });

  test("S14 one with an expired token is counted off by an alarm, and woken by nothing else", async () => {
    const { node, root, listen } = newTag();
    const stays = await listen();
    const ends = await listen(null, { until: Date.now() + 1, key: 1, trust: 1 });
    const alarmAt = () => runInDurableObject(node, (_, { storage }) => storage.getAlarm());
    await vi.waitFor(async () => {
      const inMs = ((await alarmAt()) ?? 0) - Date.now();
      expect(inMs).toBeGreaterThan(0);
      expect(inMs).toBeLessThanOrEqual(LIMITS.LIVE_EXPIRY_MS);
    }, SOON);
    await evictDurableObject(node, { webSockets: "hibernate" });
    expect(await runDurableObjectAlarm(node)).toBe(true);
    expect((await ends.closed).code).toBe(ERRORS.listen_token_invalid.close);
    await vi.waitFor(async () => expect(await root.info()).toMatchObject({ listeners: 1 }), {
      timeout: 10_000,
      interval: 100,
    });
    // The other's token, in an hour.
    await vi.waitFor(async () => expect(await alarmAt()).toBeGreaterThan(Date.now()), SOON);
    expect(stays.heard.map(({ type }) => type)).not.toContain("message");
  }, 30_000);

  test("S11 the listeners of a tag that is closed are closed, also while their node sleeps", async () => {
    const { node, root, tag, listen } = newTag();
    await root.setLive(tag, "open");
    const [open, token] = [await listen(null, null), await listen()];
    await evictDurableObject(node, { webSockets: "hibernate" });
    await root.setLive(tag, "token");
    expect((await open.closed).code).toBe(ERRORS.listen_token_invalid.close);
    await evictDurableObject(node, { webSockets: "hibernate" });
    await root.setLive(tag, "closed");
    expect((await token.closed).code).toBe(ERRORS.live_closed.close);
  }, 30_000);

  test("V6 a listener that goes while it sleeps is counted off", async () => {
    const { node, root, listen } = newTag();
    const [one, two] = [await listen(), await listen()];
    await vi.waitFor(async () => expect(await root.info()).toMatchObject({ listeners: 2 }), {
      timeout: 10_000,
      interval: 100,
    });
    await evictDurableObject(node, { webSockets: "hibernate" });
    two.socket.close(1000, "");
    await vi.waitFor(async () => expect(await root.info()).toMatchObject({ listeners: 1 }), {
      timeout: 10_000,
      interval: 100,
    });
    expect(one.heard.at(-1)).toMatchObject({ type: "presence" });
  }, 30_000);

  test("P8.11 V2 one that nobody listens to leaves no table, and who comes back hears what it missed", async () => {
    const { node, root, listen, send } = newTag();
    const one = await listen();
    await send("1");
    await one.hears("1");
    const { head: first = 0 } = (await root.info()) ?? {};
    one.socket.close(1000, "");
    await one.closed;
    // One that was just let in may still be about to open its connection.
    await evictDurableObject(node);
    await expect.poll(() => node.listeners(), { timeout: 10_000 }).toBe(0);
    await runInDurableObject(node, async (_, { storage }) => {
      const tables = storage.sql.exec(
        "SELECT name FROM sqlite_master WHERE name NOT LIKE '\\_cf%' ESCAPE '\\'",
      );
      expect(tables.toArray()).toEqual([]);
    });
    await send("2");
    const back = await listen(first);
    await back.hears("2");
    await send("3");
    await back.hears("2", "3");
    // A node with presence to tell, at most every 5 s, does not sleep before.
  }, 30_000);

  test("V7 a broadcast writes one row, whoever listens, and none where nobody does", async () => {
    const { node, listen, send } = newTag();
    const ears = await Promise.all(Array.from({ length: 5 }, () => listen()));
    const written = await countWrites(node);
    await send("1");
    for (const ear of ears) await ear.hears("1");
    expect(written()).toEqual({ rows: 1, alarms: 0 });
    await send("2");
    for (const ear of ears) await ear.hears("1", "2");
    expect(written()).toEqual({ rows: 2, alarms: 0 });
  });

  test("P6.3 the heartbeat of a listener wakes nothing; other words close it", async () => {
    const { node, listen } = newTag();
    const ear = await listen();
    await evictDurableObject(node, { webSockets: "hibernate" });
    ear.socket.send("ping");
    await new Promise((resolve) => ear.socket.addEventListener("message", resolve, { once: true }));
    ear.socket.send("hello");
    expect(await ear.closed).toEqual({ code: 4202, reason: "protocol_error" });
  });
});
