/** The objects of webhooks on one machine: what is accepted is delivered, whatever the receiver does and whenever the process ends. */
import { Webhook } from "standardwebhooks";
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { formatWebhookSecret } from "../../../../core/webhook/sign.ts";
import type { EndpointAnswer, WebhookEvent } from "../../../../core/webhook/types.ts";
import type { Mesh } from "../../../../hosts/deno/objects/mesh.ts";
import type {
  WebhookPort,
  WebhookRequest,
  WebhookResponse,
} from "../../../../objects/webhook/webhook-port.ts";
import { LIMITS } from "../../../../schema/limits.ts";
import { databasePath, openMesh } from "../support/mesh.ts";
import { fakeTime } from "../support/time.ts";

const START_MS = 1_793_491_200_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const APP = "AAAAAAAAAAA";

beforeEach(() => fakeTime(START_MS));
afterEach(() => {
  vi.useRealTimers();
});

type Answering = (request: WebhookRequest) => WebhookResponse | Promise<WebhookResponse>;

const status = (code: number, retryAfter: string | null = null): WebhookResponse => ({
  ...{ ok: true, status: code, retryAfter, text: "" },
});

/** Receivers by a table in memory. */
class Receivers implements WebhookPort {
  readonly targets = "public";
  readonly requests: (WebhookRequest & { readonly at: number })[] = [];
  answering: Answering = () => status(204);

  async post(request: WebhookRequest): Promise<WebhookResponse> {
    this.requests.push({ ...request, at: Date.now() });
    return this.answering(request);
  }

  get ids(): (string | undefined)[] {
    return this.requests.map(({ headers }) => headers["webhook-id"]);
  }

  /** Ids of the events of all requests. */
  get events(): string[] {
    return this.requests.flatMap(({ body }) => idsIn(body));
  }
}

const idsIn = (body: string): string[] =>
  (JSON.parse(body) as { data: WebhookEvent[] }).data.map(({ id }) => id);

let made = 0;
const event = (type: WebhookEvent["type"] = "delivered"): WebhookEvent => ({
  ...{ id: `evt_${++made}`, type, at: Date.now(), regId: "r", messageId: "m" },
});

const accept = (mesh: Mesh, events: readonly WebhookEvent[], packet = `p${++made}`) =>
  mesh.peers.webhook(APP).accept({ packet, events });

function created(answer: EndpointAnswer): { readonly id: string; readonly secret: string } {
  if (answer === null || !answer.ok) throw new Error(JSON.stringify(answer));
  return { id: answer.endpoint.id, secret: formatWebhookSecret(answer.secret ?? new Uint8Array()) };
}

const create = async (mesh: Mesh, settings: object = {}) =>
  created(
    await mesh.peers
      .webhook(APP)
      .create({ url: "https://a.example/h", events: null, description: "", ...settings }),
  );

const meshes: Mesh[] = [];

function start(path: string, webhookPost: WebhookPort) {
  const opened = openMesh(path, { webhookPost });
  meshes.push(opened.mesh);
  onTestFinished(() => void meshes.splice(0));
  return opened;
}

/** It does nothing more; what is not written by now never is. */
function kill({ mesh, db }: ReturnType<typeof start>): void {
  mesh.quiesce();
  db.commit();
  meshes.splice(0);
}

/** Lets time pass in small steps. */
async function pass(ms: number, stepMs = Math.max(50, ms / 400)): Promise<void> {
  for (let left = ms; left > 0; left -= stepMs) {
    await vi.advanceTimersByTimeAsync(Math.min(stepMs, left));
    // The database commits for real, and what waits for that goes on.
    for (let turn = 0; turn < 3; turn++) {
      await Promise.all(meshes.map(({ db }) => db.committed()));
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}

/** A long time in which nothing else happens: alarms notice it within a minute. */
async function jump(ms: number): Promise<void> {
  vi.setSystemTime(Date.now() + ms);
  await pass(MINUTE_MS + 5_000, 500);
}

const rowsOf = (mesh: Mesh): Readonly<Record<string, number>> =>
  Object.fromEntries(
    ["packets", "batches", "health", "seen", "alarms"].map((table) => [
      table,
      mesh.db.get<{ n: number }>(`SELECT COUNT(*) AS n FROM webhook_${table}`)?.n ?? 0,
    ]),
  );

test("Q3 events of a moment come in one request, in order, signed for the library of the scheme", async () => {
  const receivers = new Receivers();
  const { mesh, reported } = start(databasePath(), receivers);
  const { secret } = await create(mesh);
  const events = [event(), event(), event()];
  for (const each of events) expect(await accept(mesh, [each])).toEqual({ ok: true });
  await pass(1_000);
  expect(receivers.requests).toHaveLength(1);
  const [request] = receivers.requests;
  if (request === undefined) throw new Error("nothing came");
  expect(idsIn(request.body)).toEqual(events.map(({ id }) => id));
  // The library takes the time of day for now.
  const read = new Webhook(secret).verify(request.body, { ...request.headers });
  expect(read).toMatchObject({ type: "events", data: events });
  const changed = request.body.replace("delivered", "clicked");
  expect(() => new Webhook(secret).verify(changed, { ...request.headers })).toThrow();
  expect(reported).toEqual([]);
});

test("Q4 a repeated call stores nothing, also after its events were delivered and after a restart", async () => {
  const receivers = new Receivers();
  const path = databasePath();
  const first = start(path, receivers);
  await create(first.mesh);
  const events = [event()];
  await accept(first.mesh, events, "p");
  await accept(first.mesh, events, "p");
  await pass(1_000);
  await accept(first.mesh, events, "p");
  await pass(1_000);
  kill(first);
  const second = start(path, receivers);
  await accept(second.mesh, events, "p");
  await pass(2_000);
  expect(receivers.events).toEqual([events[0]?.id]);
  expect(rowsOf(second.mesh)).toMatchObject({ packets: 1, batches: 1 });
  await pass(LIMITS.WEBHOOK_DEDUPE_MS + MINUTE_MS);
  expect(rowsOf(second.mesh)).toEqual({ packets: 0, batches: 0, health: 0, seen: 0, alarms: 0 });
});

test("Q5 a failing receiver gets the same request again, later each time, until it has answered", async () => {
  const receivers = new Receivers();
  const { mesh } = start(databasePath(), receivers);
  await create(mesh);
  receivers.answering = () => status(500);
  await accept(mesh, [event()]);
  await pass(20 * MINUTE_MS);
  const failed = receivers.requests.length;
  expect(failed).toBeGreaterThan(3);
  expect(new Set(receivers.ids).size).toBe(1);
  expect(new Set(receivers.requests.map(({ body }) => body)).size).toBe(1);
  const gaps = receivers.requests
    .slice(1)
    .map(({ at }, n) => at - (receivers.requests[n]?.at ?? 0));
  expect(gaps.at(-1)).toBeGreaterThan((gaps[0] ?? 0) * 4);
  receivers.answering = () => status(200);
  await pass(12 * MINUTE_MS);
  expect(receivers.requests.length).toBe(failed + 1);
  expect(await mesh.peers.webhook(APP).health()).toMatchObject([
    { waiting: 0, failingSince: null },
  ]);
});

test("Q5 a receiver that asks for time gets it", async () => {
  const receivers = new Receivers();
  const { mesh } = start(databasePath(), receivers);
  await create(mesh);
  receivers.answering = () => status(429, "600");
  await accept(mesh, [event()]);
  await pass(9 * MINUTE_MS);
  expect(receivers.requests).toHaveLength(1);
  receivers.answering = () => status(204);
  await pass(2 * MINUTE_MS);
  expect(receivers.requests).toHaveLength(2);
});

test("Q5 a receiver that refuses one request for ever gets the others meanwhile", async () => {
  const receivers = new Receivers();
  const { mesh } = start(databasePath(), receivers);
  await create(mesh);
  receivers.answering = ({ body }) => status(body.includes("clicked") ? 400 : 204);
  const poison = event("clicked");
  await accept(mesh, [poison]);
  await pass(1_000);
  const others: string[] = [];
  for (let n = 0; n < 20; n++) {
    const other = event();
    others.push(other.id);
    await accept(mesh, [other]);
    await pass(MINUTE_MS);
  }
  expect(receivers.events.filter((id) => id !== poison.id)).toEqual(others);
});

test("Q5 what a kill interrupts is tried again with the same id, and nothing is lost", async () => {
  const receivers = new Receivers();
  const path = databasePath();
  const first = start(path, receivers);
  await create(first.mesh);
  // It never answers, and the process ends meanwhile.
  receivers.answering = () => new Promise(() => {});
  const events = [event(), event()];
  await accept(first.mesh, events);
  await pass(1_000);
  expect(receivers.requests).toHaveLength(1);
  kill(first);
  receivers.answering = () => status(204);
  start(path, receivers);
  await pass(10 * MINUTE_MS);
  expect(receivers.requests).toHaveLength(2);
  expect(receivers.ids[1]).toBe(receivers.ids[0]);
  expect(receivers.requests[1]?.body).toBe(receivers.requests[0]?.body);
});

test("Q6 after a day events are dead letters, which are listed, replayed, and dropped after a week", async () => {
  const receivers = new Receivers();
  const { mesh } = start(databasePath(), receivers);
  const { id } = await create(mesh);
  receivers.answering = () => ({ ok: false, error: "no connection" });
  const events = [event(), event()];
  await accept(mesh, events);
  await pass(5 * MINUTE_MS);
  await jump(25 * HOUR_MS);
  const object = mesh.peers.webhook(APP);
  const { letters, next } = await object.deadLetters({ endpoint: id, after: 0, limit: 10 });
  expect(letters).toMatchObject([{ id: receivers.ids[0], error: "no connection", events }]);
  expect(next).toBeNull();
  const tried = receivers.requests.length;
  await jump(HOUR_MS);
  expect(receivers.requests).toHaveLength(tried);
  receivers.answering = () => status(204);
  expect(await object.replay({ ids: null, endpoint: id })).toEqual({ replayed: 1, more: false });
  await pass(1_000);
  expect(receivers.ids.at(-1)).toBe(receivers.ids[0]);
  expect(receivers.requests).toHaveLength(tried + 1);
  // Another one is forgotten.
  receivers.answering = () => status(500);
  await accept(mesh, [event()]);
  await pass(5 * MINUTE_MS);
  await jump(25 * HOUR_MS);
  expect(await object.health()).toMatchObject([{ waiting: 0, dead: 1 }]);
  await jump(LIMITS.WEBHOOK_DEAD_MS + HOUR_MS);
  expect(await object.health()).toMatchObject([{ waiting: 0, dead: 0 }]);
});

test("Q6 an endpoint that fails for three days is disabled, and says so", async () => {
  const receivers = new Receivers();
  const { mesh } = start(databasePath(), receivers);
  const { id } = await create(mesh);
  receivers.answering = () => status(503);
  for (let hour = 0; hour < 80; hour += 8) {
    await accept(mesh, [event()]);
    await jump(8 * HOUR_MS);
  }
  const object = mesh.peers.webhook(APP);
  expect(await object.endpoints()).toMatchObject([{ disabled: { reason: "failing" } }]);
  const tried = receivers.requests.length;
  expect(await accept(mesh, [event()])).toMatchObject({ ok: false, code: "webhook_missing" });
  await jump(HOUR_MS);
  expect(receivers.requests).toHaveLength(tried);
  // The oldest were given up one by one, the rest with the endpoint.
  const [health] = await object.health();
  expect(health).toMatchObject({ waiting: 0, dropped: 0 });
  expect(health?.dead).toBeGreaterThanOrEqual(9);
  receivers.answering = () => status(204);
  await object.change(id, { disabled: false });
  await object.replay({ ids: null, endpoint: id });
  await pass(5_000);
  expect((await object.health()).at(0)).toMatchObject({ dead: 0, waiting: 0, failingSince: null });
});

test("Q6 a receiver that is gone for good says so by 410", async () => {
  const receivers = new Receivers();
  const { mesh } = start(databasePath(), receivers);
  await create(mesh);
  receivers.answering = () => status(410);
  await accept(mesh, [event()]);
  await pass(5_000);
  expect(receivers.requests).toHaveLength(1);
  const object = mesh.peers.webhook(APP);
  expect(await object.endpoints()).toMatchObject([{ disabled: { reason: "gone" } }]);
  expect(await object.health()).toMatchObject([{ dead: 1, waiting: 0 }]);
});

test("Q8 a receiver that hangs holds up no other one, and no call", async () => {
  const receivers = new Receivers();
  const { mesh } = start(databasePath(), receivers);
  await create(mesh, { url: "https://hangs.example/" });
  await create(mesh, { url: "https://quick.example/" });
  receivers.answering = ({ url }) => (url.includes("hangs") ? new Promise(() => {}) : status(204));
  const events = [event(), event(), event()];
  for (const each of events) {
    await accept(mesh, [each]);
    await pass(1_000);
  }
  const quick = receivers.requests.filter(({ url }) => url.includes("quick"));
  expect(quick.flatMap(({ body }) => idsIn(body))).toEqual(events.map(({ id }) => id));
});

test("Q8 an app has four tests under way at most", async () => {
  const receivers = new Receivers();
  const { mesh } = start(databasePath(), receivers);
  const { id } = await create(mesh);
  const { promise: answer, resolve } = Promise.withResolvers<WebhookResponse>();
  receivers.answering = () => answer;
  const first = Array.from({ length: 4 }, () => mesh.peers.webhook(APP).test(id));
  expect(await mesh.peers.webhook(APP).test(id)).toMatchObject({ code: "too_many_requests" });
  resolve(status(204));
  for (const test of first) expect(await test).toMatchObject({ delivered: true });
  expect(await mesh.peers.webhook(APP).test(id)).toMatchObject({ delivered: true });
  expect(receivers.requests).toHaveLength(5);
});

test("Q8 at the bound the oldest events become dead letters, and those beyond theirs are counted", async () => {
  const receivers = new Receivers();
  const { mesh } = start(databasePath(), receivers);
  await create(mesh);
  receivers.answering = () => status(500);
  const calls = (LIMITS.WEBHOOK_WAITING_EVENTS + LIMITS.WEBHOOK_DEAD_EVENTS + 500) / 100;
  const events = Array.from({ length: 100 }, () => event());
  for (let n = 0; n < calls; n++) await accept(mesh, events, `bound ${n}`);
  const [health] = await mesh.peers.webhook(APP).health();
  expect(health).toMatchObject({
    waiting: LIMITS.WEBHOOK_WAITING_EVENTS,
    dead: LIMITS.WEBHOOK_DEAD_EVENTS,
    dropped: 500,
  });
}, 60_000);

test("Q9 during a rotation both secrets sign, and then only the new one", async () => {
  const receivers = new Receivers();
  const { mesh } = start(databasePath(), receivers);
  const { id, secret } = await create(mesh);
  const object = mesh.peers.webhook(APP);
  const rotated = created(await object.rotate(id, HOUR_MS));
  const verifies = (key: string): boolean => {
    const request = receivers.requests.at(-1);
    if (request === undefined) throw new Error("nothing came");
    try {
      new Webhook(key).verify(request.body, { ...request.headers });
      return true;
    } catch {
      return false;
    }
  };
  await accept(mesh, [event()]);
  await pass(1_000);
  expect([verifies(secret), verifies(rotated.secret)]).toEqual([true, true]);
  await pass(HOUR_MS, MINUTE_MS);
  await accept(mesh, [event()]);
  await pass(1_000);
  expect([verifies(secret), verifies(rotated.secret)]).toEqual([false, true]);
});

test("Q9 secrets are sealed on disk", async () => {
  const { mesh } = start(databasePath(), new Receivers());
  const { secret } = await create(mesh);
  const plain = Buffer.from(secret.slice("whsec_".length), "base64");
  const row = mesh.db.get<{ value: string }>("SELECT value FROM webhook_endpoints");
  expect(row?.value).not.toContain(plain.toString("base64"));
  expect(row?.value).not.toContain(plain.toString("base64url"));
});

test("Q3 an endpoint gets the events that it asks for", async () => {
  const receivers = new Receivers();
  const { mesh } = start(databasePath(), receivers);
  await create(mesh, { events: ["clicked"] });
  expect(await accept(mesh, [event("delivered")])).toMatchObject({ code: "webhook_missing" });
  const clicked = event("clicked");
  await accept(mesh, [event("delivered"), clicked]);
  await pass(1_000);
  expect(receivers.events).toEqual([clicked.id]);
});
