/** How many messages a client may send, alone and in answer to what it is sent. */
import { expect, test } from "vitest";
import { ClientFrames } from "../../../../hosts/machine/net/client-frames.ts";
import {
  CHANNEL_PUSH,
  ContentType,
  encodeEnvelope,
  encodePushDown,
  Priority,
} from "../../../../schema/generated/link.ts";
import { LIMITS } from "../../../../schema/limits.ts";
import { clientFrame } from "../../../mesh/support/raw-socket.ts";

const BINARY = 2;
const BURST = LIMITS.CLIENT_MESSAGES_BURST;
const ANSWERS_PER_FRAME = 2 * LIMITS.DELIVER_MESSAGES;
const IN_FLIGHT = (LIMITS.INFLIGHT_MESSAGES + LIMITS.BROADCAST_INFLIGHT) * LIMITS.REGISTRATIONS;
const tiny = clientFrame(BINARY, new Uint8Array(6));

function framesOf() {
  let now = 0;
  let messages = 0;
  const closes: string[] = [];
  const frames: ClientFrames = new ClientFrames({
    message: () => void messages++,
    heartbeat() {},
    pinged() {},
    closed() {},
    close(code, reason) {
      closes.push(`${code} ${reason}`);
      frames.stop();
    },
    destroy() {},
    now: () => now,
  });
  /** @returns how many of them were passed on */
  const send = (count: number): number => {
    const before = messages;
    frames.push(Buffer.concat(Array.from({ length: count }, () => tiny)));
    return messages - before;
  };
  const wait = (ms: number) => {
    now += ms;
  };
  return { frames, send, wait, closes };
}

/** A Deliver of the smallest messages. */
const deliver = (count: number): Uint8Array => {
  const message = {
    slot: 1,
    seq: 1,
    key: new Uint8Array(9),
    priority: Priority.NORMAL,
    contentType: ContentType.BINARY,
    data: new Uint8Array(),
  };
  const messages = Array.from({ length: count }, () => message);
  return encodeEnvelope({
    channel: CHANNEL_PUSH,
    body: encodePushDown({ kind: "deliver", value: { messages } }),
  });
};

test("P8.3 a client may send a burst of messages, and none after the one that is too much", () => {
  const { send, closes } = framesOf();
  expect(send(BURST)).toBe(BURST);
  expect(closes).toEqual([]);
  expect(send(1_000)).toBe(0);
  expect(closes).toEqual([expect.stringMatching(/^4005 flooding: over 100 messages a second/)]);
});

test("P8.3 what the mesh itself refuses, and closes for, is within the burst and the rate", () => {
  const { send, wait, closes } = framesOf();
  // Hello, and the command after which the mesh closes the link.
  expect(send(LIMITS.COMMANDS_BURST + LIMITS.COMMANDS_REFUSED_MAX + 2)).toBeLessThanOrEqual(BURST);
  // As many refused as granted, for ever.
  for (let second = 0; second < 600; second++) {
    wait(1_000);
    send(2 * LIMITS.COMMANDS_PER_SECOND);
  }
  expect(closes).toEqual([]);
});

test.each([1, LIMITS.DELIVER_MESSAGES])(
  "P8.3 a client that discards and acknowledges each message by itself is never cut, %i in a frame",
  (count) => {
    const { frames, send, closes } = framesOf();
    const { length } = deliver(count);
    for (let sent = 0; sent < 100_000; sent += count) {
      frames.sent(length);
      send(2 * count);
    }
    expect(closes).toEqual([]);
  },
);

test("P8.3 all that is in flight at all slots may be acknowledged one by one, at once", () => {
  const { frames, send, closes } = framesOf();
  const { length } = deliver(LIMITS.DELIVER_MESSAGES);
  for (let sent = 0; sent < IN_FLIGHT; sent += LIMITS.DELIVER_MESSAGES) frames.sent(length);
  expect(send(IN_FLIGHT)).toBe(IN_FLIGHT);
  expect(closes).toEqual([]);
});

test("P8.3 a long answer is no licence to flood, nor are many", () => {
  const one = framesOf();
  one.frames.sent(LIMITS.FRAME_BYTES);
  expect(one.send(10_000)).toBe(BURST + ANSWERS_PER_FRAME);
  const many = framesOf();
  for (let i = 0; i < 1_000; i++) many.frames.sent(LIMITS.FRAME_BYTES);
  expect(many.send(10_000)).toBe(BURST + IN_FLIGHT);
});
