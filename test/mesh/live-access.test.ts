/** Live listeners of a real mesh whose right to listen ends. */
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { type LiveMessage, listenLive } from "../../sdk/device/live/mod.ts";
import { type App, Mesh } from "../chaos/mesh.ts";
import { until } from "../chaos/wait.ts";
import {
  broadcast,
  Listener,
  listenToken,
  liveUrl,
  nowSeconds,
  setLive,
} from "./support/listener.ts";

const PATIENCE_MS = 30_000;
/** What every edge tolerates between clocks. */
const SKEW_SECONDS = 60;

let mesh: Mesh;
let app: App;

beforeAll(async () => {
  mesh = await Mesh.start();
  app = await mesh.app("live access");
});

afterAll(() => mesh.stop());

let tags = 0;
const newTag = (): string => `access/${tags++}`;
const send = (tag: string, data: unknown) => broadcast(mesh.url, app, { tag }, data);

/** What is long enough to connect with. */
const SHORT_SECONDS = 4;

/** A token that no edge takes from about so many seconds on. */
function shortToken(tag: string, seconds = SHORT_SECONDS): string {
  const exp = nowSeconds() - SKEW_SECONDS + seconds;
  return listenToken(app, tag, { iat: exp - 100, exp });
}

const WAYS = [
  ["a WebSocket", async (url: string) => Listener.socket(url), 4110, 4210],
  ["an event stream", (url: string) => Listener.stream(url), 0, 0],
] as const;

describe.each(WAYS)("S11 %s", (_, listen, renewCode, stopCode) => {
  const withToken = async (tag: string, token: string, after?: number): Promise<Listener> => {
    const query = { token, ...(after === undefined ? {} : { after: `${after}` }) };
    return (await listen(liveUrl(mesh.url, app, tag, query))).open();
  };
  /** With a token that is soon over; with another that lasts longer where a busy machine connects too late. */
  const withShortToken = (tag: string, seconds = SHORT_SECONDS): Promise<Listener> =>
    withToken(tag, shortToken(tag, seconds)).catch((error) => {
      if (seconds > 2 * SHORT_SECONDS) throw error;
      return withShortToken(tag, 2 * seconds);
    });

  test("ends when its token has expired, and misses nothing with another", async () => {
    const tag = newTag();
    const first = await withShortToken(tag);
    let isOver = false;
    first.ended.then(() => {
      isOver = true;
    });
    let sent = 0;
    await until(
      "its end",
      async () => {
        await send(tag, `${sent++}`);
        return isOver;
      },
      PATIENCE_MS,
    );
    expect((await first.ended).code).toBe(renewCode);
    const second = await withToken(tag, listenToken(app, tag), first.cursor);
    const all = () => [...first.datas, ...second.datas];
    await second.until(() => all().length >= sent);
    expect(all()).toEqual(Array.from({ length: sent }, (_, n) => `${n}`));
    second.close();
  });

  test("ends when the key of its token is revoked, before the next broadcast", async () => {
    const tag = newTag();
    const admin = mesh.admin();
    const { keyId, secret = "" } = await admin.createKey(app.appId);
    const token = listenToken({ ...app, keyId, secret }, tag);
    const [ends, stays] = [
      await withToken(tag, token),
      await withToken(tag, listenToken(app, tag)),
    ];
    await send(tag, "1");
    for (const each of [ends, stays]) await each.until(({ datas }) => datas.length === 1);
    await admin.revokeKey(app.appId, keyId);
    await send(tag, "2");
    expect((await ends.ended).code).toBe(renewCode);
    expect(ends.datas).toEqual(["1"]);
    await stays.until(({ datas }) => datas.length === 2);
    stays.close();
  });

  test("ends when its tag wants a token, or is closed, without a broadcast", async () => {
    const tag = newTag();
    await setLive(mesh.url, app, tag, "open");
    const open = await (await listen(liveUrl(mesh.url, app, tag))).open();
    const token = await withToken(tag, listenToken(app, tag));
    await setLive(mesh.url, app, tag, "token");
    expect((await open.ended).code).toBe(renewCode);
    await setLive(mesh.url, app, tag, "closed");
    expect((await token.ended).code).toBe(stopCode);
  });
});

test("S11 the SDK gets another token, and passes on every broadcast once", async () => {
  const tag = newTag();
  const messages: LiveMessage[] = [];
  let tokens = 0;
  const listener = listenLive({
    url: mesh.url,
    appId: app.appId,
    tag,
    token: async () => (tokens++ === 0 ? shortToken(tag) : listenToken(app, tag)),
    onMessage: (message) => messages.push(message),
    host: { random: () => 0.1 },
  });
  onTestFinished(() => listener.close());
  await until("the first connection", () => listener.cursor !== undefined, PATIENCE_MS);
  let sent = 0;
  const more = async () => {
    await send(tag, `${sent++}`);
    return tokens > 1;
  };
  await until("another token", more, PATIENCE_MS);
  await send(tag, `${sent++}`);
  await until("all messages", () => messages.length >= sent, PATIENCE_MS);
  expect(messages.map(({ data }) => data)).toEqual(Array.from({ length: sent }, (_, n) => `${n}`));
});
