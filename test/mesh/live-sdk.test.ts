/** The SDK's live listener against a real mesh. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import {
  type ListenOptions,
  type ListenState,
  type LiveMessage,
  listenLive,
} from "../../sdk/device/live/mod.ts";
import { type App, Mesh } from "../chaos/mesh.ts";
import { chaosSeed } from "../chaos/options.ts";
import { random } from "../chaos/random.ts";
import { until } from "../chaos/wait.ts";
import { broadcast, listenToken, setLive } from "./support/listener.ts";

const PATIENCE_MS = 30_000;
/** Kills while broadcasts are sent. */
const ROUNDS = 5;

let mesh: Mesh;
let app: App;
let publicKey: string;

beforeAll(async () => {
  mesh = await Mesh.start();
  app = await mesh.app("live");
  const answer = await fetch(`${mesh.url}/v1/apps/${app.appId}/live-key`);
  ({ publicKey } = (await answer.json()) as { publicKey: string });
});

afterAll(() => mesh.stop());

/** A listener, and all that it told. */
function listen(tag: string, options: Partial<ListenOptions> = {}) {
  const messages: LiveMessage[] = [];
  const states: ListenState[] = [];
  const presences: number[] = [];
  const reported: unknown[] = [];
  const listener = listenLive({
    url: mesh.url,
    appId: app.appId,
    tag,
    publicKey,
    onMessage: (message) => messages.push(message),
    onPresence: (count) => presences.push(count),
    onState: (state) => states.push(state),
    host: { random: () => 0.1, report: (error) => reported.push(error) },
    ...options,
  });
  onTestFinished(() => listener.close());
  const is = (name: ListenState["name"]) =>
    until(name, () => states.at(-1)?.name === name, PATIENCE_MS);
  return { listener, messages, states, presences, reported, is };
}

const send = (tag: string, data: unknown) => broadcast(mesh.url, app, { tag }, data);

test("V1 V2 V4 it hears each signed message once, in order, over a kill -9", async () => {
  const tag = "sdk/kill";
  await setLive(mesh.url, app, tag, "open");
  const { messages, presences, reported, listener, is } = listen(tag);
  await is("listening");
  for (let i = 0; i < 5; i++) await send(tag, { i });
  await until("the first messages", () => messages.length === 5, PATIENCE_MS);
  await mesh.kill(mesh.victims[0]);
  for (let i = 5; i < 10; i++) await send(tag, i % 2 === 0 ? { i } : `text ${i}`);
  await until("the others", () => messages.length >= 10, PATIENCE_MS);
  const [first = 0, ...others] = messages.map(({ cursor }) => cursor);
  expect(others).toEqual(Array.from({ length: 9 }, (_, n) => first + n + 1));
  expect(messages.at(-1)?.data).toBe("text 9");
  expect(listener.cursor).toBe(first + 9);
  expect(presences[0]).toBe(1);
  expect(reported).toEqual([]);
});

test("V4 a message that another key signed is dropped and reported", async () => {
  const tag = "sdk/forged";
  await setLive(mesh.url, app, tag, "open");
  const other = await mesh.app("other");
  const answer = await fetch(`${mesh.url}/v1/apps/${other.appId}/live-key`);
  const { publicKey: foreign } = (await answer.json()) as { publicKey: string };
  const { messages, reported, is } = listen(tag, { publicKey: foreign });
  await is("listening");
  await send(tag, "hello");
  await until("the report", () => reported.length === 1, PATIENCE_MS);
  expect(reported).toMatchObject([{ code: "data_invalid" }]);
  expect(messages).toEqual([]);
});

test("V3 a token is made for each connection; a tag that is closed ends it for good", async () => {
  const tag = "sdk/token";
  let made = 0;
  const token = () => {
    made++;
    return listenToken(app, tag);
  };
  const { states, is } = listen(tag, { token });
  await is("listening");
  expect(made).toBe(1);
  await mesh.kill(mesh.victims[0]);
  await until("another token", () => made >= 2, PATIENCE_MS);
  await is("listening");
  await setLive(mesh.url, app, tag, "closed");
  await is("closed");
  expect(states.at(-1)).toMatchObject({ name: "closed", error: { code: "live_closed" } });
});

test("V3 a wrong token that cannot be renewed ends it for good", async () => {
  const { states, is } = listen("sdk/wrong", { token: listenToken(app, "another") });
  await is("closed");
  expect(states.at(-1)).toMatchObject({ error: { code: "listen_token_invalid" } });
});

test("V1 V2 whatever is killed, and when, each broadcast is heard once, in order", async () => {
  const tag = "sdk/kills";
  await setLive(mesh.url, app, tag, "open");
  const seed = chaosSeed();
  const { between, pick } = random(seed);
  const { messages, reported, is } = listen(tag);
  await is("listening");
  let isOver = false;
  let sent = 0;
  const sending = (async () => {
    for (; !isOver || sent < 20; sent++) {
      const once = { idempotencyKey: `kills-${sent}` };
      const take = () => mesh.sender(app).broadcast({ to: { tag }, data: `${sent}` }, once);
      await until(
        () => `broadcast ${sent}, seed ${seed}`,
        () =>
          take().then(
            () => true,
            () => false,
          ),
        // Where starts take long, none may get through between the kills.
        ROUNDS * PATIENCE_MS,
      );
    }
  })();
  // Told where it is awaited.
  sending.catch(() => {});
  for (let round = 0; round < ROUNDS; round++) {
    await sleep(between(0, 400));
    await mesh.kill(pick(mesh.victims));
  }
  isOver = true;
  await sending;
  const missing = () => `seed ${seed}: ${messages.length} of ${sent}`;
  await until(missing, () => messages.length >= sent, PATIENCE_MS);
  expect(
    messages.map(({ data }) => data),
    `seed ${seed}`,
  ).toEqual(Array.from({ length: sent }, (_, i) => `${i}`));
  expect(reported).toEqual([]);
});
