/** The engine against a scripted mesh, with clients that answer as the test says: some sleep, some are gone, some are of an earlier engine. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { memoryStorage } from "../../../../sdk/device/mod.ts";
import { portPair } from "../../../../sdk/device/port.ts";
import { Engine } from "../../../../sdk/device/shared/engine.ts";
import type {
  FromEngine,
  Outcome,
  Question,
  ToEngine,
} from "../../../../sdk/device/shared/protocol.ts";
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

/** A client that says nothing by itself, except that it is alive, once it has said so. */
function client(isExpected = false) {
  const { client: port, service } = portPair<ToEngine, FromEngine>();
  const got: FromEngine[] = [];
  let isAlive = false;
  port.onmessage = ({ data }) => {
    if (data.kind !== "alive") got.push(data);
    else if (isAlive) port.postMessage({ kind: "got", asked: data.asked });
  };
  const end = engine.serve(service, undefined, isExpected ? APP : undefined);
  const messages = () => got.flatMap((one) => (one.kind === "message" ? [one] : []));
  /** The numbers of the questions of a kind. */
  const questions = (kind: Question["kind"]) =>
    got.flatMap((one) =>
      one.kind === "question" && one.question.kind === kind ? [one.asked] : [],
    );
  return {
    ...{ port, got, end, messages, questions },
    texts: () => messages().map(({ message }) => message.data),
    join: (encrypts = false) => port.postMessage({ ...JOIN, encrypts, listens: true }),
    register: (call: number) =>
      port.postMessage({ kind: "call", call, name: "register", args: [], options: {} }),
    hasResult: (call: number) => got.some((one) => one.kind === "result" && one.call === call),
    /** Its answer to the newest question of a kind. */
    reply: (kind: Question["kind"]) => {
      const value = { data: "a", json: undefined, encrypted: false };
      port.postMessage({ kind: "answer", asked: questions(kind).at(-1) ?? 0, value });
    },
    /** It is frozen: it does not say any more that it is alive. */
    freeze: () => {
      isAlive = false;
    },
    /** What it says to the newest message. */
    answer: (kind: Outcome["kind"] | "got") => {
      isAlive = true;
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

test("W2 a client that falls asleep while its handler runs holds up no other, and counts again when it wakes up", async () => {
  const [awake, frozen] = [client(), client()];
  await registered(awake, frozen);
  mesh.socket.deliver(...["a", "b", "c"].map((text) => mesh.message(text)));
  await until(() => awake.texts().length === 1, "the message");
  frozen.answer("got");
  awake.answer("handled");
  await settle();
  await mesh.clock.advance(4_000);
  frozen.freeze();
  expect(mesh.socket.acks).toEqual([]);
  for (let i = 0; i < 5; i++) await mesh.clock.advance(1_000);
  expect(awake.texts()).toEqual(["a", "b"]);
  awake.answer("handled");
  await until(() => awake.texts().length === 3, "the next");
  frozen.answer("got");
  awake.answer("handled");
  await settle();
  const { seq } = mesh.socket.acks.at(-1) ?? {};
  for (let i = 0; i < 20; i++) await mesh.clock.advance(1_000);
  expect(mesh.socket.acks.at(-1)?.seq).toBe(seq);
  expect(frozen.texts()).toEqual(["a", "b", "c"]);
  frozen.answer("handled");
  await until(() => mesh.socket.acks.at(-1)?.seq !== seq, "the ack");
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

test("W6 a registration waits for no client that is asleep, which is told of it when it wakes up", async () => {
  const [frozen, awake] = [client(), client()];
  for (const one of [frozen, awake]) one.join(true);
  awake.register(1);
  await until(() => frozen.questions("registered").length === 1, "the first question");
  expect(awake.hasResult(1)).toBe(false);
  await mesh.clock.advance(3_000);
  // Nobody else has published the key.
  await until(() => awake.questions("registered").length === 1, "the second question");
  expect(awake.hasResult(1)).toBe(false);
  awake.reply("registered");
  await until(() => awake.hasResult(1), "the registration");
  awake.register(2);
  await until(() => awake.questions("registered").length === 2, "the question");
  awake.reply("registered");
  await until(() => awake.hasResult(2), "the registration again");
  expect(frozen.questions("registered")).toHaveLength(1);
  frozen.answer("got");
  await until(() => frozen.questions("registered").length === 2, "the question when it is awake");
  awake.register(3);
  await until(() => frozen.questions("registered").length === 3, "the third question");
  frozen.reply("registered");
  await until(() => awake.hasResult(3), "the registration, before the others see the key");
});

test("W6 each question that only clients that sleep could answer is put to the next one", async () => {
  const frozen = client();
  frozen.join(true);
  frozen.register(1);
  await until(() => frozen.questions("registered").length === 1, "the registration");
  frozen.reply("registered");
  await until(() => frozen.hasResult(1), "the registration");
  for (const round of [1, 2]) {
    mesh.socket.deliver(mesh.message("a"));
    await settle();
    await mesh.clock.advance(3_000);
    expect(frozen.questions("read")).toHaveLength(1);
    const next = client();
    next.join(true);
    await until(() => next.questions("read").length === 1, "the question");
    next.reply("read");
    await until(() => next.texts().length === 1, "the message");
    next.answer("handled");
    await until(() => mesh.socket.acks.length === round, "the ack");
    next.end();
  }
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
