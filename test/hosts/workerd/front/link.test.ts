/** What the front passes on to workerd of a WebSocket: each frame is an event of workerd's one thread, even of a closed link. */
import { duplexPair } from "node:stream";
import { expect, test } from "vitest";
import { Admission } from "../../../../hosts/machine/net/admission/admission.ts";
import { frames } from "../../../../hosts/machine/net/frames.ts";
import { ClientTurns } from "../../../../hosts/workerd/front/client-turns.ts";
import { ProxiedLink } from "../../../../hosts/workerd/front/link.ts";
import { LIMITS } from "../../../../schema/limits.ts";
import { push } from "../../../mesh/support/raw-device.ts";
import { clientFrame } from "../../../mesh/support/raw-socket.ts";
import { settled } from "../../support/served.ts";

const TEXT = 1;
const BINARY = 2;
const CLOSE = 8;
/** Commands of a link that wait for nothing. */
const BURST = 16;
const TURN_MAX_MS = 1_000;
const tiny = clientFrame(BINARY, new Uint8Array(6));
const many = (count: number): Buffer => Buffer.concat(Array.from({ length: count }, () => tiny));
const close = clientFrame(CLOSE, Buffer.from([4005 >> 8, 4005 & 0xff]));

/** @param commands turns that others may have taken */
function linkOf(commands = new ClientTurns({ now: () => 0 })) {
  const [client, clientEnd] = duplexPair();
  const [inner, workerd] = duplexPair();
  const toWorkerd: Buffer[] = [];
  const toClient: Buffer[] = [];
  workerd.on("data", (bytes: Buffer) => toWorkerd.push(bytes));
  clientEnd.on("data", (bytes: Buffer) => toClient.push(bytes));
  const entry = new Admission({ capacity: 1, now: () => 0 }).admit("192.0.2.1", () => {});
  if (entry === null) throw new Error("no room");
  const nothing = () => {};
  const link = new ProxiedLink(
    {
      client,
      inner,
      entry,
      commands,
      network: "192.0.2.1",
      now: () => 0,
      destroy: () => client.destroy(),
      failed: nothing,
      opened: nothing,
      registered: nothing,
    },
    true,
  );
  const passedOn = async () => {
    await settled();
    return Buffer.concat(toWorkerd);
  };
  const answered = async () => {
    await settled();
    return Buffer.concat(toClient);
  };
  return { link, client, inner, passedOn, answered };
}

test("P8.3 a flood of small frames is cut before workerd sees it", async () => {
  const { link, inner, passedOn, answered } = linkOf();
  link.data(many(LIMITS.CLIENT_MESSAGES_BURST));
  const before = await passedOn();
  expect(before).toEqual(many(LIMITS.CLIENT_MESSAGES_BURST));
  for (let n = 0; n < 10; n++) link.data(many(1_000));
  expect(await passedOn()).toEqual(before);
  expect(inner.destroyed).toBe(true);
  expect((await answered()).toString("latin1")).toContain("flooding: over 100 messages a second");
});

test("P8.3 after workerd's close frame, only the client's is passed on", async () => {
  const { link, passedOn, answered } = linkOf();
  link.data(many(1));
  link.answer(frames.close(4005, "flooding"));
  link.data(many(1_000));
  link.data(Buffer.concat([many(1_000), close.subarray(0, 3)]));
  expect(await passedOn()).toEqual(many(1));
  link.data(Buffer.concat([close.subarray(3), many(1_000)]));
  expect(await passedOn()).toEqual(Buffer.concat([many(1), close]));
  expect(await answered()).toEqual(Buffer.from(frames.close(4005, "flooding")));
});

test("P8.3 a frame that workerd's close frame has interrupted is not passed on", async () => {
  const { link, passedOn } = linkOf();
  link.data(tiny.subarray(0, 8));
  link.answer(frames.close(4005, "flooding"));
  link.data(Buffer.concat([tiny.subarray(8), many(1_000), close]));
  expect(await passedOn()).toEqual(close);
});

const command = clientFrame(BINARY, push({ kind: "unregister", value: { request: 1, slot: 0 } }));
const ack = clientFrame(BINARY, push({ kind: "acks", value: [] }));
const heartbeat = clientFrame(TEXT, Buffer.from("ping"));
const done = frames.binary(new Uint8Array(6));
const commands = (count: number): Buffer =>
  Buffer.concat(Array.from({ length: count }, () => command));

/** ClientTurns on a clock of the test's own, beside sends. */
function turnsBesideSends() {
  const timers = new Set<{ readonly ms: number; readonly task: () => void }>();
  const turns = new ClientTurns({
    now: () => 0,
    after(ms, task) {
      const timer = { ms, task };
      timers.add(timer);
      return () => timers.delete(timer);
    },
  });
  turns.sent();
  /** Lets all timers of this length go off. */
  const elapse = (length: number): void => {
    for (const timer of [...timers]) if (timer.ms === length && timers.delete(timer)) timer.task();
  };
  return { turns, elapse };
}

test("P8.3 commands over the burst pass one at a time, and what is behind them waits for the answer", async () => {
  const { turns, elapse } = turnsBesideSends();
  const { link, client, passedOn } = linkOf(turns);
  link.data(Buffer.concat([commands(BURST + 2), ack, command, heartbeat]));
  expect(await passedOn()).toEqual(commands(BURST + 1));
  expect(client.isPaused()).toBe(true);
  link.answer(done);
  expect(await passedOn()).toEqual(commands(BURST + 1));
  elapse(0);
  expect(await passedOn()).toEqual(commands(BURST + 2));
  link.answer(done);
  expect(await passedOn()).toEqual(Buffer.concat([commands(BURST + 2), ack]));
  elapse(0);
  link.answer(done);
  expect(await passedOn()).toEqual(Buffer.concat([commands(BURST + 2), ack, command, heartbeat]));
  expect(client.isPaused()).toBe(false);
});

test("P8.3 acknowledgements and heartbeats of any number wait for nothing", async () => {
  const { turns } = turnsBesideSends();
  const { link, passedOn } = linkOf(turns);
  const sent = Buffer.concat(Array.from({ length: 20 }, () => Buffer.concat([ack, heartbeat])));
  link.data(sent);
  expect(await passedOn()).toEqual(sent);
});

test("P8.3 a command that nothing answers, and one whose turn does not come, hold the link for a bounded time", async () => {
  const { turns, elapse } = turnsBesideSends();
  const [one, other] = [linkOf(turns), linkOf(turns)];
  one.link.data(Buffer.concat([commands(BURST + 1), ack]));
  other.link.data(Buffer.concat([commands(BURST + 1), ack]));
  expect(await one.passedOn()).toEqual(commands(BURST + 1));
  expect(await other.passedOn()).toEqual(commands(BURST));
  elapse(TURN_MAX_MS);
  expect(await one.passedOn()).toEqual(Buffer.concat([commands(BURST + 1), ack]));
  elapse(LIMITS.WAKE_WAIT_MS);
  expect(await other.passedOn()).toEqual(Buffer.concat([commands(BURST + 1), ack]));
});

test("P8.3 a client that goes while its command waits leaves its turn to the next", async () => {
  const { turns, elapse } = turnsBesideSends();
  const [one, other, last] = [linkOf(turns), linkOf(turns), linkOf(turns)];
  for (const { link } of [one, other, last]) link.data(commands(BURST + 1));
  other.link.ended();
  one.link.ended();
  elapse(0);
  expect(await last.passedOn()).toEqual(commands(BURST + 1));
  expect(await other.passedOn()).toEqual(commands(BURST));
});
