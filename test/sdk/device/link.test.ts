/** The device SDK against a scripted mesh: the link's life. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { LIMITS } from "../../../schema/limits.ts";
import { settle, until } from "./fake/clock.ts";
import { FakeMesh, reaches, start, statesOf } from "./fake/mesh.ts";

let mesh = new FakeMesh();

beforeEach(() => {
  mesh = new FakeMesh();
});
afterEach(() => {
  expect(mesh.violations, "what the device did against the protocol").toEqual([]);
});

describe("the link", () => {
  it("reports each state once, with the reason and the time of a wait", async () => {
    const device = await start(mesh);
    await reaches(device, "connected");
    mesh.socket.end(4000, "going_away: deploy");
    await settle();
    expect(device.states.at(-1)).toMatchObject({
      state: "waiting",
      error: { code: "going_away", closeCode: 4000 },
      retryInMs: 500,
    });
    await mesh.clock.advance(500);
    await reaches(device, "connected");
    await device.client.close();
    expect(statesOf(device).slice(-5)).toEqual([
      "connected",
      "waiting going_away",
      "connecting",
      "connected",
      "closed",
    ]);
  });

  it("opens with a token of its own each time, and never offers one twice", async () => {
    const device = await start(mesh);
    await reaches(device, "connected");
    mesh.socket.end(1006);
    await mesh.clock.advance(1_000);
    await reaches(device, "connected");
    const [first, second] = mesh.sockets;
    expect(first?.url).toBe("wss://push.test/v1/connect");
    expect(first?.protocols[0]).toBe("pushmesh.v1");
    expect(first?.protocols[1]).not.toBe(second?.protocols[1]);
    await device.client.close();
  });

  it("goes to the next endpoint when one cannot be reached", async () => {
    mesh.auto = false;
    const device = await start(mesh, { url: ["https://one.test", "https://two.test"] });
    const first = await until(() => mesh.sockets[0], "a socket");
    first.end(1006);
    mesh.auto = true;
    await settle();
    await mesh.clock.advance(1_000);
    await reaches(device, "connected");
    expect(mesh.sockets.map(({ url }) => new URL(url).host)).toEqual(["one.test", "two.test"]);
    await device.client.close();
  });

  it("P6.3 L6 sends nothing but its heartbeat when it is idle, and ends 10 s after one stays unanswered", async () => {
    const device = await start(mesh);
    await reaches(device, "connected");
    const { socket } = mesh;
    const frames = socket.frames.length;
    await mesh.clock.advance(10 * LIMITS.HEARTBEAT_DEFAULT_MS);
    expect(socket.pings).toBe(10);
    expect(socket.frames).toHaveLength(frames);
    socket.alive = false;
    await mesh.clock.advance(LIMITS.HEARTBEAT_DEFAULT_MS);
    expect(socket.pings).toBe(11);
    await mesh.clock.advance(9_999);
    expect(device.client.state).toBe("connected");
    await mesh.clock.advance(1);
    expect(device.states.at(-1)).toMatchObject({ state: "waiting", error: { code: "timeout" } });
    expect(socket.closedBy).toEqual({ by: "device", code: 1000 });
    await mesh.clock.advance(1_000);
    await reaches(device, "connected");
    await device.client.close();
  });

  it("reconnects at once when the network comes back, and probes a link that stands", async () => {
    const device = await start(mesh);
    await reaches(device, "connected");
    mesh.online?.();
    await until(() => mesh.socket.pings === 1, "a ping");
    mesh.offline = true;
    mesh.socket.end(1006);
    await settle();
    expect(device.client.state).toBe("waiting");
    mesh.offline = false;
    device.client.reconnectNow();
    await reaches(device, "connected");
    expect(mesh.sockets).toHaveLength(2);
    await device.client.close();
  });

  it("gives up a socket that never opens, and hears no more of it", async () => {
    mesh.auto = false;
    const device = await start(mesh);
    const first = await until(() => mesh.sockets[0], "a socket");
    await mesh.clock.advance(20_000);
    expect(device.states.at(-1)).toMatchObject({ state: "waiting", error: { code: "timeout" } });
    expect(first.closedBy?.by).toBe("device");
    await mesh.clock.advance(1_000);
    const second = await until(() => mesh.sockets[1], "the next socket");
    first.open();
    first.end(4200, "replaced");
    await settle();
    expect(first.hello).toBeUndefined();
    expect(second.hello).toBeUndefined();
    mesh.auto = true;
    second.open();
    await reaches(device, "connected");
    await device.client.close();
  });

  it("hears no more of an account request that it gave up", async () => {
    const answers: ((response: Response) => void)[] = [];
    const signals: (AbortSignal | null | undefined)[] = [];
    const fetch = (_: string, { signal }: RequestInit): Promise<Response> => {
      signals.push(signal);
      return new Promise((resolve) => answers.push(resolve));
    };
    const device = await start(mesh, { host: { ...mesh.host, fetch } });
    await until(() => answers.length === 1, "the request");
    await mesh.clock.advance(20_000);
    expect(device.states.at(-1)).toMatchObject({ state: "waiting", error: { code: "timeout" } });
    expect(signals[0]?.aborted).toBe(true);
    await mesh.clock.advance(1_000);
    await until(() => answers.length === 2, "the next request");
    const refusal = { code: "field_invalid", detail: "", retry: "never" };
    answers[0]?.(Response.json(refusal, { status: 400 }));
    await settle();
    expect(device.client.state).toBe("connecting");
    await device.client.close();
    expect(signals[1]?.aborted).toBe(true);
  });

  it.each([
    ["no network", () => Promise.reject(new TypeError("fetch failed"))],
    [
      "a refused connection, as Node tells it",
      () => Promise.reject(new TypeError("fetch failed", { cause: { code: "ECONNREFUSED" } })),
    ],
    ["a page of a portal", () => Promise.resolve(new Response("<html>", { status: 200 }))],
    ["a proxy's error", () => Promise.resolve(new Response("bad gateway", { status: 502 }))],
    ["JSON of something else", () => Promise.resolve(Response.json({ ok: true }))],
    ["JSON of nothing", () => Promise.resolve(Response.json(null))],
    [
      "an error of something else",
      () => Promise.resolve(Response.json({ code: 7 }, { status: 404 })),
    ],
  ])("tries again where the account request meets %s", async (_, fetch) => {
    let broken = true;
    const host = {
      ...mesh.host,
      fetch: (url: string, init: RequestInit) => (broken ? fetch() : mesh.host.fetch(url, init)),
    };
    const device = await start(mesh, { host });
    await reaches(device, "waiting");
    expect(device.states.at(-1)?.error).toMatchObject({
      ...{ code: "network_failed", retry: "later" },
      message: expect.stringMatching(
        /^https:\/\/push\.test\/v1\/devices (gave no answer \((fetch failed|ECONNREFUSED)\)|answered HTTP \d{3}, but not like a mesh)\. Check the URL, and that the mesh runs\.$/,
      ),
    });
    broken = false;
    await mesh.clock.advance(1_000);
    await reaches(device, "connected");
    await device.client.close();
  });

  it("stops after replaced, and does not fight for the link", async () => {
    const device = await start(mesh);
    await reaches(device, "connected");
    mesh.socket.end(4200, "replaced: a newer link");
    await reaches(device, "closed");
    await mesh.clock.advance(600_000);
    device.client.reconnectNow();
    await settle();
    expect(mesh.sockets).toHaveLength(1);
    expect(device.states.at(-1)?.error?.code).toBe("replaced");
    await device.client.close();
  });

  it("measures its round trip by echo, which fails if there is no link, or it ends, or the mesh does not answer", async () => {
    const device = await start(mesh);
    await expect(device.client.ping()).rejects.toMatchObject({ code: "link_lost" });
    await reaches(device, "connected");
    expect(await device.client.ping()).toBe(0);
    expect(mesh.socket.echoes).toBe(1);
    mesh.socket.alive = false;
    const deaf = expect(device.client.ping()).rejects.toMatchObject({ code: "timeout" });
    await settle();
    await mesh.clock.advance(10_000);
    await deaf;
    const cut = expect(device.client.ping()).rejects.toMatchObject({ code: "link_lost" });
    await settle();
    mesh.socket.end(1006);
    await cut;
    await device.client.close();
  });
});
