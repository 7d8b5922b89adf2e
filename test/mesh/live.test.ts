/** Live listeners of a real mesh: who may listen, what they hear, and what a kill, a stop and slow readers change. */
import { createPublicKey, verify } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { LiveMessageBody } from "../../schema/http.ts";
import { liveSignedBytes } from "../../schema/live.ts";
import { parseMessageId } from "../../schema/text.ts";
import { verifyLive } from "../../sdk/device/live/mod.ts";
import { type App, Mesh } from "../chaos/mesh.ts";
import {
  broadcast,
  Listener,
  listenToken,
  liveUrl,
  nowSeconds,
  privateKeyOf,
  setLive,
} from "./support/listener.ts";
import { RawSocket } from "./support/raw-socket.ts";

let mesh: Mesh;
let app: App;

beforeAll(async () => {
  mesh = await Mesh.start();
  app = await mesh.app("live");
});

afterAll(() => mesh.stop());

let tags = 0;
/** A tag of its own for each test, of characters that a path has to encode. */
const newTag = (): string => `news/ü ${tags++}`;

async function openTag(): Promise<string> {
  const tag = newTag();
  await setLive(mesh.url, app, tag, "open");
  return tag;
}

const send = (tag: string, data: unknown, fields = {}) =>
  broadcast(mesh.url, app, { tag }, data, fields);

const WAYS = [
  ["a WebSocket", async (url: string) => Listener.socket(url)],
  ["an event stream", (url: string) => Listener.stream(url)],
] as const;

describe.each(WAYS)("by %s", (_, listen) => {
  test("V1 a listener hears every broadcast once, in order", async () => {
    const tag = await openTag();
    const listener = await (await listen(liveUrl(mesh.url, app, tag))).open();
    const ids: string[] = [];
    for (let i = 0; i < 20; i++) ids.push(await send(tag, { i }));
    await listener.until(({ messages }) => messages.length >= 20);
    expect(listener.datas).toEqual(ids.map((_, i) => ({ i })));
    expect(listener.messages.map(({ id }) => id)).toEqual(ids);
    const [first = 0, ...others] = listener.messages.map(({ cursor }) => cursor);
    expect(others).toEqual(others.map((_, i) => first + i + 1));
    listener.close();
  });

  test("V2 resumes after its cursor, over a kill -9", async () => {
    const tag = await openTag();
    const url = liveUrl(mesh.url, app, tag);
    const first = await (await listen(url)).open();
    await send(tag, "1");
    await first.until(({ messages }) => messages.length === 1);
    const after = `${first.cursor}`;
    await mesh.kill(mesh.victims[0]);
    await first.ended;
    await send(tag, "2");
    const second = await (await listen(liveUrl(mesh.url, app, tag, { after }))).open();
    await send(tag, "3");
    await second.until(({ messages }) => messages.length >= 2);
    expect(second.datas).toEqual(["2", "3"]);
    second.close();
  });

  test("V6 hears how many listen", async () => {
    const tag = await openTag();
    const url = liveUrl(mesh.url, app, tag);
    const first = await (await listen(url)).open();
    expect(first.heard).toEqual([{ type: "presence", listeners: 1, cursor: expect.any(Number) }]);
    const others = await Promise.all([1, 2, 3].map(async () => (await listen(url)).open()));
    await first.until(({ heard }) => heard.at(-1)?.["listeners"] === 4);
    for (const other of others) other.close();
    await first.until(({ heard }) => heard.at(-1)?.["listeners"] === 1);
    first.close();
  });
});

test("V2 an event stream resumes by Last-Event-ID, whatever its URL says", async () => {
  const tag = await openTag();
  const first = await (await Listener.stream(liveUrl(mesh.url, app, tag))).open();
  for (const data of ["1", "2", "3"]) await send(tag, data);
  await first.until(({ messages }) => messages.length === 3);
  const born = Number(first.ids[0]);
  expect(first.ids).toEqual([0, 1, 2, 3].map((n) => `${born + n}`));
  first.close();
  const url = liveUrl(mesh.url, app, tag, { after: `${born}` });
  const second = await Listener.stream(url, { "last-event-id": `${born + 2}` });
  await second.until(({ messages }) => messages.length === 1);
  expect(second.datas).toEqual(["3"]);
  second.close();
});

describe("who may listen", () => {
  /** The code by which a socket is closed, and the status and code of a stream's refusal. */
  async function refusal(url: string, protocols: string[] = []) {
    const { code, reason } = await Listener.socket(url, protocols).ended;
    const answer = await Listener.stream(url).then(
      (stream) => {
        stream.close();
        return { status: 200, code: "" };
      },
      (problem: { status: number; code: string }) => problem,
    );
    return { close: code, reason, status: answer.status, code: answer.code };
  }

  test("V3 a tag that nobody opened takes a token, in any of three places", async () => {
    const tag = newTag();
    const token = listenToken(app, tag);
    const [plain, withToken] = [
      liveUrl(mesh.url, app, tag),
      liveUrl(mesh.url, app, tag, { token }),
    ];
    expect(await refusal(plain)).toMatchObject({
      close: 4110,
      status: 401,
      code: "listen_token_invalid",
    });
    const listeners = [
      Listener.socket(withToken),
      Listener.socket(plain, ["pushmesh.live.v1", `pushmesh.token.${token}`]),
      await Listener.stream(withToken),
      await Listener.stream(plain, { authorization: `Bearer ${token}` }),
    ];
    for (const listener of listeners) await listener.open();
    await send(tag, "hello");
    for (const listener of listeners) {
      await listener.until(({ messages }) => messages.length === 1);
      expect(listener.datas).toEqual(["hello"]);
      listener.close();
    }
  });

  test("V3 S43 by an HMAC key, too", async () => {
    // Of an app that the edge does not know yet: of another it would learn the new key within a second only.
    const own = await mesh.app("hmac");
    const key = await mesh.admin().createKey(own.appId, { algorithm: "hmac-sha256" });
    const { keyId, secret = "" } = key;
    const tag = newTag();
    const token = listenToken({ ...own, keyId, secret }, tag);
    const listener = Listener.socket(liveUrl(mesh.url, own, tag, { token }));
    await listener.open();
    listener.close();
    const wrong = listenToken({ ...own, keyId }, tag);
    expect(await refusal(liveUrl(mesh.url, own, tag, { token: wrong }))).toMatchObject({
      close: 4110,
    });
  });

  const publicKeyOf = (secret: string): string =>
    createPublicKey(privateKeyOf(secret)).export({ format: "jwk" }).x ?? "";

  test("V3 no wrong token opens a tag", async () => {
    const tag = await openTag();
    const other = await mesh.app("other");
    const now = nowSeconds();
    const wrong: Record<string, string> = {
      "of another app": listenToken(other, tag),
      "in another app's name": listenToken({ ...other, keyId: app.keyId }, tag),
      "of no key": listenToken({ ...app, keyId: `${app.appId}.k99` }, tag),
      "for another tag": listenToken(app, `${tag}!`),
      expired: listenToken(app, tag, { iat: now - 600, exp: now - 120 }),
      "from the future": listenToken(app, tag, { iat: now + 600, exp: now + 700 }),
      "too long": listenToken(app, tag, { exp: now + 86_401 + 60 }),
      "of another use": listenToken(app, tag, {}, { typ: "pushmesh-connect+jwt" }),
      "of another kind": listenToken(app, tag, {}, { alg: "HS256" }),
      "by HMAC with the public key": listenToken({ ...app, secret: publicKeyOf(app.secret) }, tag),
      unsigned: listenToken(app, tag, {}, { alg: "none" }),
      "for another audience": listenToken(app, tag, { aud: "mesh" }),
      none: "x",
    };
    for (const [what, token] of Object.entries(wrong)) {
      const found = await refusal(liveUrl(mesh.url, app, tag, { token }));
      expect(found, what).toMatchObject({ close: 4110, status: 401, code: "listen_token_invalid" });
    }
  });

  test("V3 a closed tag is closed to all", async () => {
    const tag = newTag();
    await setLive(mesh.url, app, tag, "closed");
    const token = listenToken(app, tag);
    for (const query of [{}, { token }]) {
      expect(await refusal(liveUrl(mesh.url, app, tag, query))).toMatchObject({
        close: 4210,
        status: 403,
        code: "live_closed",
      });
    }
  });

  test("V7 what cannot be read is refused with what is wrong", async () => {
    const tag = await openTag();
    const appId = "A".repeat(22);
    expect(await refusal(liveUrl(mesh.url, { appId }, tag))).toMatchObject({
      close: 4211,
      reason: expect.stringMatching(/^app_unknown/),
      status: 404,
      code: "app_not_found",
    });
    for (const after of ["-1", "x", "1.5", "1e3", "9".repeat(16)]) {
      expect(await refusal(liveUrl(mesh.url, app, tag, { after }))).toMatchObject({
        close: 4202,
        status: 400,
        code: "field_invalid",
      });
    }
    expect(await refusal(liveUrl(mesh.url, app, "x".repeat(129)))).toMatchObject({
      close: 4202,
      code: "field_invalid",
    });
    const plain = await fetch(liveUrl(mesh.url, app, tag));
    expect(plain.status).toBe(426);
    const posted = await fetch(liveUrl(mesh.url, app, tag), { method: "POST" });
    expect(posted.status).toBe(405);
  });

  test("V2 a cursor above all there was means from now on", async () => {
    const tag = await openTag();
    const listener = Listener.socket(liveUrl(mesh.url, app, tag, { after: "999999999999999" }));
    await listener.open();
    await send(tag, "new");
    await listener.until(({ messages }) => messages.length === 1);
    listener.close();
  });
});

test("P8.5 HEAD is told what GET would be, and is no listener", async () => {
  const tag = await openTag();
  const url = liveUrl(mesh.url, app, tag);
  const head = (url: string) =>
    fetch(url, { method: "HEAD", headers: { accept: "text/event-stream" } });
  const first = await (await Listener.stream(url)).open();
  for (let i = 0; i < 10; i++) {
    const answer = await head(url);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toBe("text/event-stream");
  }
  expect((await head(liveUrl(mesh.url, app, newTag()))).status).toBe(401);
  // Told 5 s after the first count, of all that have come by then.
  const second = await (await Listener.stream(url)).open();
  await first.until(({ heard }) => heard.at(-1)?.["listeners"] !== 1);
  expect(first.heard.at(-1)?.["listeners"]).toBe(2);
  first.close();
  second.close();
});

test("V3 pages of any origin may read a stream, its refusals and the key", async () => {
  const tag = await openTag();
  const ask = (url: string, init: RequestInit = {}) =>
    fetch(url, { ...init, headers: { origin: "https://page.example", ...init.headers } });
  const accept = { accept: "text/event-stream" };
  const stream = await ask(liveUrl(mesh.url, app, tag), { headers: accept });
  expect(stream.headers.get("access-control-allow-origin")).toBe("*");
  expect(stream.headers.get("content-type")).toBe("text/event-stream");
  await stream.body?.cancel();
  const refused = await ask(liveUrl(mesh.url, app, newTag()), { headers: accept });
  expect(refused.status).toBe(401);
  expect(refused.headers.get("access-control-allow-origin")).toBe("*");
  const preflight = await ask(liveUrl(mesh.url, app, tag), { method: "OPTIONS" });
  expect(preflight.status).toBe(204);
  const key = await ask(`${mesh.url}/v1/apps/${app.appId}/live-key`);
  expect(key.headers.get("access-control-allow-origin")).toBe("*");
});

test("V4 V9 the app's live key signs what is heard, and is the same after a restart", async () => {
  const keyOf = async () => {
    const answer = await fetch(`${mesh.url}/v1/apps/${app.appId}/live-key`);
    return (await answer.json()) as { algorithm: string; publicKey: string };
  };
  const { algorithm, publicKey } = await keyOf();
  expect(algorithm).toBe("ed25519");
  const jwk = { kty: "OKP", crv: "Ed25519", x: publicKey };
  const key = createPublicKey({ key: jwk, format: "jwk" });
  const tag = await openTag();
  const listener = Listener.socket(liveUrl(mesh.url, app, tag));
  await listener.open();
  const id = await send(tag, { hello: "world" });
  await listener.until(({ messages }) => messages.length === 1);
  const [heard] = listener.messages;
  const signature = Buffer.from(String(heard?.["signature"]), "base64url");
  const signed = (data: string) =>
    liveSignedBytes({
      appId: app.appId,
      tag,
      key: parseMessageId(id)?.key ?? new Uint8Array(),
      contentType: 1,
      data: new TextEncoder().encode(data),
    });
  expect(verify(null, signed('{"hello":"world"}'), key, signature)).toBe(true);
  expect(verify(null, signed('{"hello":"worle"}'), key, signature)).toBe(false);
  // At its place: as the SDK verifies it.
  const message = heard as unknown as LiveMessageBody;
  const signer = { appId: app.appId, publicKey, tag };
  expect(await verifyLive(message, signer)).toBe(true);
  expect(await verifyLive({ ...message, cursor: message.cursor + 1 }, signer)).toBe(false);
  expect(await verifyLive(message, { ...signer, tag: "another" })).toBe(false);
  listener.close();
  await mesh.kill(mesh.victims[0]);
  expect(await keyOf()).toEqual({ algorithm, publicKey });
});

test("V4 what is for some devices only is not for listeners", async () => {
  const [tag, other] = [await openTag(), await openTag()];
  const listener = Listener.socket(liveUrl(mesh.url, app, tag));
  await listener.open();
  await send(tag, "filtered", { filter: { platform: ["ios"] } });
  const both = { condition: { all: [{ tag }, { not: { tag: other } }] } };
  await broadcast(mesh.url, app, both, "conditional");
  await broadcast(mesh.url, app, { condition: { any: [{ tag: other }, { tag }] } }, "union");
  await send(tag, "all");
  await listener.until(({ datas }) => datas.includes("all") && datas.includes("union"));
  expect(listener.datas.toSorted()).toEqual(["all", "union"]);
  listener.close();
});

test("V5 a listener that does not read is cut; the others notice nothing", async () => {
  const count = 600;
  const tag = await openTag();
  const url = liveUrl(mesh.url, app, tag);
  const deaf = await RawSocket.open(url, ["pushmesh.live.v1"]);
  deaf.pause();
  const listener = await Listener.socket(url).open();
  await listener.until(({ heard }) => heard.at(-1)?.["listeners"] === 2);
  // In JSON six characters each: 15 MB in all, twice what the system may keep for a socket.
  const text = "\u0001".repeat(4_096);
  for (let sent = 50; sent <= count; sent += 50) {
    await Promise.all(Array.from({ length: 50 }, () => send(tag, text)));
    await listener.until(({ messages }) => messages.length === sent);
  }
  await listener.until(({ heard }) => heard.at(-1)?.["listeners"] === 1);
  expect(new Set(listener.messages.map(({ cursor }) => cursor)).size).toBe(count);
  listener.close();
  deaf.destroy();
});

test("V7 a listener that talks is closed", async () => {
  const tag = await openTag();
  const socket = new WebSocket(liveUrl(mesh.url, app, tag).replace(/^http/, "ws"));
  await new Promise((resolve) => socket.addEventListener("open", resolve));
  const answer = new Promise<unknown>((resolve) =>
    socket.addEventListener("message", ({ data }) => data === "pong" && resolve(data)),
  );
  socket.send("ping");
  expect(await answer).toBe("pong");
  const closed = new Promise<number>((resolve) =>
    socket.addEventListener("close", ({ code }) => resolve(code)),
  );
  socket.send("hello");
  expect(await closed).toBe(4202);
});

test("V3 a stop tells listeners to come back", async () => {
  const own = await Mesh.start();
  const { appId, ...keys } = await own.app("stops");
  const tag = newTag();
  await setLive(own.url, { appId, ...keys }, tag, "open");
  const url = liveUrl(own.url, { appId }, tag);
  const socket = await Listener.socket(url).open();
  const stream = await (await Listener.stream(url)).open();
  await own.stop();
  expect(await socket.ended).toEqual({ code: 4000, reason: "going_away" });
  await stream.ended;
});
