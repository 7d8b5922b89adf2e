/** The port of an app whose push service, in another process, ends and comes again. */
import { expect, test } from "vitest";
import type { Message } from "../../../../schema/generated/link.ts";
import { dial } from "../../../../sdk/device/daemon/dial.ts";
import type { ToClient } from "../../../../sdk/device/mod.ts";
import {
  attached,
  OPEN,
  type ScriptedService,
  STATE,
  scriptedService,
  socketPath,
  soon,
  welcome,
} from "./support.ts";

const message = (seq: number): Message =>
  ({
    slot: 3,
    seq,
    priority: 2,
    key: new Uint8Array(16),
    data: new Uint8Array(),
    contentType: 1,
  }) as never;

const deliver = (link: number, seq: number): ToClient => ({
  kind: "deliver",
  link,
  message: message(seq),
});

/** An attached app, whose service is then replaced by another one. */
async function replaced(act: (first: Awaited<ReturnType<typeof app>>) => Promise<void>) {
  const path = socketPath();
  const first = await app(path);
  await act(first);
  await first.service.stop();
  await soon(() => first.states().includes("waiting"));
  const service = await scriptedService(path, welcome);
  await soon(() => service.served[0]?.heard.length !== undefined);
  await soon(() => (service.served[0]?.heard.length ?? 0) > 0);
  return { ...first, path, next: service };
}

async function app(path: string) {
  const service = await scriptedService(path, welcome);
  const one = await attached(path);
  one.port.postMessage(OPEN);
  await soon(() => one.states().includes("connected"));
  return { ...one, service };
}

const heard = ({ served }: ScriptedService, at = 0) => served[at]?.heard ?? [];

test("D2 an app waits while there is no service, says why, and tells the next one what it had told the last", async () => {
  const { port, states, told, next, service } = await replaced(async ({ port, service }) => {
    port.postMessage({ kind: "listen", on: true });
    port.postMessage({ kind: "describe", request: 1 });
    port.postMessage({ kind: "subscribe", request: 2, add: ["a"], remove: [] });
    port.postMessage({ kind: "describe", request: 3 });
    port.postMessage({ kind: "cancel", request: 3 });
    await soon(() => heard(service).length === 6);
    service.served[0]?.say({ kind: "done", request: 1, value: { tags: [], aliases: [] } });
  });
  await soon(() => heard(next).length === 3);
  expect(heard(next)).toEqual([
    OPEN,
    { kind: "listen", on: true },
    { kind: "subscribe", request: 2, add: ["a"], remove: [] },
  ]);
  expect(states()).toEqual(["connected", "waiting", "connecting", "connected"]);
  const waiting = told.find((one) => one.kind === "state" && one.state === "waiting");
  expect(waiting).toMatchObject({
    error: { code: "service_unavailable", message: "stopped" },
    clockOffsetMs: STATE.clockOffsetMs,
  });
  next.served[0]?.say({ kind: "done", request: 2, value: undefined });
  await soon(() => told.some((one) => one.kind === "done" && one.request === 2));
  port.postMessage({ kind: "leave" });
  await soon(() => heard(next).at(-1)?.kind === "leave");
  expect(heard(service)).toHaveLength(6 + 1);
});

test("D2 commands, and what the app starts to want, while there is no service, reach the next one", async () => {
  const path = socketPath();
  const { port, service, states, told } = await app(path);
  await service.stop();
  await soon(() => states().includes("waiting"));
  port.postMessage({ kind: "listen", on: true });
  port.postMessage({ kind: "register", request: 1, isHeld: false });
  port.postMessage({ kind: "ping", request: 2 });
  port.postMessage({ kind: "wake" });
  await soon(() => told.some((one) => one.kind === "failed" && one.request === 2));
  const next = await scriptedService(path, welcome);
  await soon(() => heard(next).length >= 3);
  expect(heard(next).slice(1)).toEqual([
    { kind: "listen", on: true },
    { kind: "register", request: 1, isHeld: false },
  ]);
});

test("D2 a ping ends with its service", async () => {
  const { told } = await replaced(async ({ port, service }) => {
    port.postMessage({ kind: "ping", request: 1 });
    await soon(() => heard(service).length === 2);
  });
  expect(told).toContainEqual({
    kind: "failed",
    request: 1,
    error: expect.objectContaining({ code: "link_lost" }),
  });
});

test("D2 acknowledgements are for the link, of the service, on which the message came", async () => {
  const { port, told, next } = await replaced(async ({ port, told, service }) => {
    service.served[0]?.say(deliver(1, 20), deliver(2, 30));
    await soon(() => told.filter(({ kind }) => kind === "deliver").length === 2);
    port.postMessage({ kind: "ack", link: 2, priority: 2, seq: 20 });
    await soon(() => heard(service).length === 2);
    expect(heard(service)[1]).toMatchObject({ link: 2 });
  });
  next.served[0]?.say(deliver(1, 30));
  await soon(() => told.filter(({ kind }) => kind === "deliver").length === 3);
  const links = told.flatMap((one) => (one.kind === "deliver" ? [one.link] : []));
  expect(links).toEqual([1, 2, 3]);
  // Late, for what came from the service that has ended.
  port.postMessage({ kind: "ack", link: 2, priority: 2, seq: 30 });
  const cursor = { slot: 3, tagRef: 2, position: 9 };
  port.postMessage({ kind: "cursor", link: 2, cursor });
  port.postMessage({ kind: "ack", link: 3, priority: 2, seq: 30 });
  await soon(() => heard(next).length === 3);
  expect(heard(next).slice(1)).toEqual([
    { kind: "cursor", link: 0, cursor },
    { kind: "ack", link: 1, priority: 2, seq: 30 },
  ]);
});

test("D2 the next service is told how far the app is, also by sealed frames and broadcasts", async () => {
  const cursor = { slot: 3, tagRef: 1, position: 8 };
  const { next } = await replaced(async ({ port, told, service }) => {
    const body = new Uint8Array([1]);
    const sealed = { link: 1, epoch: 1, body, isLate: false, atMs: 0 };
    service.served[0]?.say(deliver(1, 20), { kind: "sealed", ...sealed, number: 25 });
    await soon(() => told.some(({ kind }) => kind === "sealed"));
    port.postMessage({ kind: "cursor", link: 1, cursor });
  });
  expect(heard(next)[0]).toEqual({ ...OPEN, lastSeq: 25, cursors: [cursor] });
});

test("D2 positions of another registration are not told", async () => {
  const { next } = await replaced(async ({ told, service }) => {
    service.served[0]?.say({ kind: "registration", regId: "r", identity: "one" });
    service.served[0]?.say({ kind: "registration", regId: "q", identity: "two" });
    await soon(() => told.filter(({ kind }) => kind === "registration").length === 2);
  });
  expect(heard(next)[0]).toEqual({ ...OPEN, cursors: [] });
});

test("D2 answers to questions of a service that has ended go to no other", async () => {
  const { port, next } = await replaced(async ({ told, service }) => {
    const session = new Uint8Array(8);
    service.served[0]?.say(
      { kind: "grant", request: 1, deviceId: "d", reason: "register" },
      { kind: "seal", request: 1, wireRequest: 1, session, slot: 3 },
    );
    await soon(() => told.some(({ kind }) => kind === "seal"));
  });
  port.postMessage({ kind: "granted", request: 1, grant: "g" });
  port.postMessage({ kind: "sealed", wireRequest: 1, body: new Uint8Array(1) });
  port.postMessage({ kind: "listen", on: true });
  await soon(() => heard(next).length === 2);
  expect(heard(next)[1]).toEqual({ kind: "listen", on: true });
});

test("D3 an app that a killed process still seems to have open is asked for again, a few times", async () => {
  const path = socketPath();
  let refusals = 2;
  const inUse = { code: "app_in_use", message: "in use", retry: "never" } as const;
  const service = await scriptedService(path, (said, served) => {
    if (said.kind !== "open") return;
    if (refusals-- > 0) served.say({ kind: "failed", error: inUse });
    else welcome(said, served);
  });
  const { port, told, states } = await attached(path, { random: () => 0.99 });
  port.postMessage(OPEN);
  port.postMessage({ kind: "register", request: 1, isHeld: false });
  await soon(() => states().includes("connected"));
  expect(service.served).toHaveLength(3);
  expect(told.filter(({ kind }) => kind === "failed")).toEqual([]);
  await soon(() => heard(service, 2).length === 2);

  const other = await attached(path, { random: () => 0.99 });
  refusals = Number.POSITIVE_INFINITY;
  other.port.postMessage(OPEN);
  await soon(() => other.told.some(({ kind }) => kind === "failed"));
  expect(other.told.at(-1)).toEqual({ kind: "failed", error: inUse });
});

test("D2 a service whose link is closed for good ends, and its apps wait for another", async () => {
  const path = socketPath();
  const { service, states, told } = await app(path);
  const error = { code: "replaced", message: "Another link.", retry: "never" } as const;
  service.served[0]?.say({ kind: "state", state: "closed", error, clockOffsetMs: 0 });
  await soon(() => states().includes("waiting"));
  expect(states()).not.toContain("closed");
  const waiting = told.find((one) => one.kind === "state" && one.state === "waiting");
  expect(waiting).toMatchObject({
    error: { code: "service_unavailable", message: expect.stringContaining("Another link.") },
  });
  expect(service.socket.status).toMatchObject({ state: "closed", error });
  const dialed = await dial(path, { received: () => {}, ended: () => {} });
  dialed.close();
});
