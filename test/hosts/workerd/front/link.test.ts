/** What the front passes on to workerd of a WebSocket: each frame is an event of workerd's one thread, even of a closed link. */
import { duplexPair } from "node:stream";
import { expect, test } from "vitest";
import { Admission } from "../../../../hosts/machine/net/admission/admission.ts";
import { frames } from "../../../../hosts/machine/net/frames.ts";
import { ProxiedLink } from "../../../../hosts/workerd/front/link.ts";
import { LIMITS } from "../../../../schema/limits.ts";
import { clientFrame } from "../../../mesh/support/raw-socket.ts";
import { settled } from "../../support/served.ts";

const BINARY = 2;
const CLOSE = 8;
const tiny = clientFrame(BINARY, new Uint8Array(6));
const many = (count: number): Buffer => Buffer.concat(Array.from({ length: count }, () => tiny));
const close = clientFrame(CLOSE, Buffer.from([4005 >> 8, 4005 & 0xff]));

function linkOf() {
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
  return { link, inner, passedOn, answered };
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

test("P8.3 a frame that workerd's close frame has interrupted is not continued", async () => {
  const { link, passedOn } = linkOf();
  link.data(tiny.subarray(0, 8));
  link.answer(frames.close(4005, "flooding"));
  link.data(Buffer.concat([tiny.subarray(8), many(1_000), close]));
  expect(await passedOn()).toEqual(tiny.subarray(0, 8));
});
