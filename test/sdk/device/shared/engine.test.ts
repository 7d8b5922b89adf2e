/** The engine against a scripted mesh, with clients that answer as the test says: some sleep, some are gone, some are of an earlier engine. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { memoryStorage } from "../../../../sdk/device/mod.ts";
import { portPair } from "../../../../sdk/device/port.ts";
import { Engine } from "../../../../sdk/device/shared/engine.ts";
import type { FromEngine, Outcome, ToEngine } from "../../../../sdk/device/shared/protocol.ts";
import { settle, until } from "../fake/clock.ts";
import { APP, FakeMesh } from "../fake/mesh.ts";

let mesh: FakeMesh;
let engine: Engine;

beforeEach(async () => {
  mesh = new FakeMesh();
  const options = { url: "https://push.test", identifiers: [], storage: memoryStorage() };
  engine = await Engine.open({ ...options, host: mesh.host });
});
afterEach(async () => {
  await engine.close();
  expect(mesh.violations, "what the device did against the protocol").toEqual([]);
});

const JOIN = { kind: "join", appId: APP, grants: false, encrypts: false, sealed: true } as const;

/** A client that says nothing by itself. */
function client(isExpected = false) {
  const { client: port, service } = portPair<ToEngine, FromEngine>();
  const got: FromEngine[] = [];
  port.onmessage = ({ data }) => {
    got.push(data);
  };
  const { end } = isExpected ? engine.expect(service, APP) : engine.serve(service);
  const messages = () => got.flatMap((one) => (one.kind === "message" ? [one] : []));
  return {
    ...{ port, got, end, messages },
    texts: () => messages().map(({ message }) => message.data),
    join: (listens = true) => port.postMessage({ ...JOIN, listens }),
    /** What it says to the newest message. */
    answer: (kind: Outcome["kind"] | "got") => {
      const asked = messages().at(-1)?.asked ?? 0;
      if (kind === "got") port.postMessage({ kind, asked });
      else if (kind !== "failed") port.postMessage({ kind: "outcome", asked, outcome: { kind } });
    },
  };
}

async function registered(...clients: ReturnType<typeof client>[]): Promise<void> {
  for (const one of clients) one.join();
  clients[0]?.port.postMessage({ kind: "call", call: 1, name: "register", args: [], options: {} });
  await until(() => mesh.sockets[0]?.attached.size === 1, "the attach");
}

test("W2 a client that is asleep holds up no other, and has what was sent meanwhile, in order", async () => {
  const [awake, asleep] = [client(), client()];
  await registered(awake, asleep);
  mesh.socket.deliver(mesh.message("a"), mesh.message("b"));
  await until(() => awake.texts().length === 1, "the message");
  awake.answer("handled");
  await settle();
  await mesh.clock.advance(2_999);
  expect(mesh.socket.acks).toEqual([]);
  await mesh.clock.advance(1);
  await until(() => awake.texts().length === 2, "the next");
  awake.answer("handled");
  await until(() => mesh.socket.acks.length > 0, "the ack");
  expect(asleep.texts()).toEqual(["a", "b"]);
});

test("W2 a handler that runs long is waited for, if its client has said that it has the message", async () => {
  const [quick, slow] = [client(), client()];
  await registered(quick, slow);
  mesh.socket.deliver(mesh.message("a"));
  await until(() => slow.texts().length === 1, "the message");
  quick.answer("handled");
  slow.answer("got");
  await settle();
  await mesh.clock.advance(20_000);
  expect(mesh.socket.acks).toEqual([]);
  slow.answer("handled");
  await until(() => mesh.socket.acks.length === 1, "the ack");
});

test("W2 P1.1 a message is not acknowledged while only clients that sleep have it, nor when they end without an answer", async () => {
  const [one, two] = [client(), client()];
  await registered(one, two);
  mesh.socket.deliver(mesh.message("a"));
  await until(() => two.texts().length === 1, "the message");
  await mesh.clock.advance(10_000);
  expect(mesh.socket.acks).toEqual([]);
  one.end();
  two.end();
  await until(() => mesh.socket.frames.some(({ kind }) => kind === "detach"), "the detach");
  const next = client();
  next.join();
  await mesh.clock.advance(1_000);
  await until(() => mesh.socket.attached.size === 1, "the attach");
  mesh.socket.deliver(mesh.message("a"));
  await until(() => next.texts().length === 1, "the message");
  next.answer("handled");
  await until(() => mesh.socket.acks.length === 1, "the ack");
});

test("W2 P1.1 a message that all clients skip comes again, and nothing behind it is acknowledged", async () => {
  const one = client();
  await registered(one);
  const message = mesh.message("a");
  mesh.socket.deliver(message, mesh.message("b"));
  await until(() => one.texts().length === 1, "the message");
  one.answer("skipped");
  await until(() => mesh.socket.attached.size === 0, "the detach");
  await settle();
  expect([one.texts(), mesh.socket.acks]).toEqual([["a"], []]);
  await mesh.clock.advance(1_000);
  await until(() => mesh.socket.attached.size === 1, "the attach");
  mesh.socket.deliver(message);
  await until(() => one.texts().length === 2, "the message");
  one.answer("handled");
  await until(() => mesh.socket.acks.length === 1, "the ack");
});

test("W3 messages wait until the clients of an earlier engine have joined", async () => {
  const earlier = client(true);
  const own = client();
  own.join();
  own.port.postMessage({ kind: "call", call: 1, name: "register", args: [], options: {} });
  await until(() => mesh.registrations.length === 1, "the registration");
  await settle();
  expect(mesh.socket.attached.size).toBe(0);
  earlier.join();
  await until(() => mesh.socket.attached.size === 1, "the attach");
  mesh.socket.deliver(mesh.message("a"));
  await until(() => earlier.texts().length + own.texts().length === 2, "the message");
});

test("W3 those that do not join are asleep: they have the messages, and nobody waits for them", async () => {
  const earlier = client(true);
  const own = client();
  own.join();
  own.port.postMessage({ kind: "call", call: 1, name: "register", args: [], options: {} });
  await until(() => mesh.registrations.length === 1, "the registration");
  engine.ready();
  await until(() => mesh.socket.attached.size === 1, "the attach");
  mesh.socket.deliver(mesh.message("a"));
  await until(() => own.texts().length === 1, "the message");
  own.answer("handled");
  await until(() => mesh.socket.acks.length === 1, "the ack");
  expect(earlier.texts()).toEqual(["a"]);
  expect(earlier.got.map(({ kind }) => kind)).toEqual(["message"]);
});

test("W5 a call that the engine does not know, or of an app that is none, is refused", async () => {
  const one = client();
  one.join();
  const call = { kind: "call", call: 7, args: [], options: {} } as const;
  one.port.postMessage({ ...call, name: "constructor" as "ping" });
  await until(() => one.got.some(({ kind }) => kind === "result"), "the answer");
  const result = one.got.find(({ kind }) => kind === "result");
  expect(result).toMatchObject({ call: 7, error: { code: "option_invalid" } });
  const other = client();
  other.port.postMessage({ ...JOIN, appId: "../a", listens: true });
  await until(() => other.got.length === 1, "the refusal");
  expect(other.got).toMatchObject([{ kind: "refused", error: { code: "option_invalid" } }]);
});
