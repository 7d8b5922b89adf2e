import { describe, expect, test } from "vitest";
import type { Channel } from "../../../core/link/channel.ts";
import type { Effects } from "../../../core/link/effects.ts";
import { Link } from "../../../core/link/link.ts";
import { closeVerdict, ERRORS } from "../../../schema/errors.ts";
import { encodeEnvelope, type Welcome } from "../../../schema/generated/link.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { echo as echoOf, hello, messagesIn, push, readDown } from "../device/support/frames.ts";
import { Rig, START_MS } from "../device/support/rig.ts";

const echo = (bytes: number) => echoOf(7, new Uint8Array(bytes));
const envelope = (channel: number, ...body: number[]) =>
  encodeEnvelope({ channel, body: Uint8Array.from(body) });
/** A struct whose only field has an ID that no union of ours has. */
const UNKNOWN_FIELD = [0x0c, 0x64, 0x00, 0x00];

describe("opening", () => {
  test("L1 the newest link wins: what comes of the older has no way in", () => {
    const rig = Rig.online();
    const older = rig.device.session;
    rig.connect({ attach: [1] });
    expect(rig.device.session).not.toBe(older);
    rig.send();
    expect(rig.takeAndAck()).toHaveLength(1);
  });

  test("L2 the first frame is hello, and welcome is the answer", () => {
    const rig = Rig.registered();
    rig.connect();
    expect(rig.take()).toMatchObject([
      {
        kind: "welcome",
        value: {
          serverTimeMs: rig.now,
          maxFrameBytes: LIMITS.FRAME_BYTES,
          registrations: [{ slot: 1, appId: "app-a", regId: "reg-a-1" }],
          resumed: false,
        },
      },
    ]);
  });

  test("L2 without hello in time the link closes; with it, it stays", () => {
    const late = Rig.registered();
    late.connect(null);
    late.run((context) => late.device.helloTimeout(context));
    expect(late.closes).toMatchObject([{ code: "hello_timeout" }]);
    const punctual = Rig.online();
    punctual.run((context) => punctual.device.helloTimeout(context));
    expect(punctual.closes).toEqual([]);
  });

  test.each([
    ["a frame of another channel", echo(0)],
    ["a command", push({ kind: "attach", value: { slot: 1 } })],
    ["a link frame that is not hello", envelope(0, ...UNKNOWN_FIELD)],
    ["no envelope", Uint8Array.of(0xff)],
    ["an envelope of nothing", envelope(0)],
    ["bytes after the envelope", Uint8Array.of(...hello(), 0)],
    ["an agent of 65 bytes", hello({ agent: `${"é".repeat(32)}x` })],
  ])("L2 the link closes for %s before hello", (_, bytes) => {
    const rig = Rig.registered();
    rig.connect(null);
    rig.receive(bytes);
    expect(rig.closes).toMatchObject([{ code: "protocol_error" }]);
    expect(rig.take()).toEqual([]);
    expect(rig.device.session).toBeNull();
  });

  test("L2 an agent of 64 bytes is taken", () => {
    const rig = Rig.registered();
    rig.connect({ agent: "é".repeat(32) });
    expect(rig.take()).toMatchObject([{ kind: "welcome" }]);
  });

  test("L2 a hello of another revision closes the link with a code of its own, a second hello with protocol_error", () => {
    const rig = Rig.registered();
    rig.connect({ revision: 2 });
    expect(rig.closes).toMatchObject([{ code: "revision_unsupported" }]);
    rig.connect();
    rig.receive(hello());
    expect(rig.closes[1]).toMatchObject({ code: "protocol_error" });
  });

  test("L2 slots of hello that the device does not hold are passed over", () => {
    const rig = Rig.registered();
    rig.queue();
    rig.connect({ attach: [9, 1, -1, 1] });
    expect(messagesIn(rig.take())).toHaveLength(1);
    expect(rig.closes).toEqual([]);
  });
});

describe("a ready link", () => {
  test("L3 a channel is a number: what a link is given under a new one gets its frames, and answers on it", () => {
    const got: number[][] = [];
    const channel: Channel = {
      number: 77,
      receive(body, context) {
        got.push([...body]);
        context.refuse("command_invalid", "on the link's own channel");
        context.send(body);
      },
    };
    const link = new Link({
      session: "",
      ready: true,
      channels: [channel],
      bufferedBytes: () => 0,
      onHello: (): Welcome => {
        throw new Error("not again");
      },
      onReady: () => undefined,
    });
    const effects: Effects = [];
    link.receive(envelope(77, 1, 2, 3), { now: START_MS, effects });
    expect(got).toEqual([[1, 2, 3]]);
    expect(effects[0]?.kind === "frame" && readDown(effects[0].bytes)).toMatchObject({
      kind: "refusal",
      value: { name: "command_invalid" },
    });
    expect(effects[1]).toEqual({ kind: "frame", bytes: envelope(77, 1, 2, 3) });
  });

  test("P4.4 a refusal says when to try again where that can succeed, and only there", () => {
    const channel: Channel = {
      number: 77,
      receive(_, context) {
        context.refuse("alias_stale", "");
        context.refuse("overloaded", "", 5, 70);
        context.refuse("tag_invalid", "", 6);
      },
    };
    const link = new Link({
      session: "",
      ready: true,
      channels: [channel],
      bufferedBytes: () => 0,
      onHello: (): Welcome => {
        throw new Error("not again");
      },
      onReady: () => undefined,
    });
    const effects: Effects = [];
    link.receive(envelope(77), { now: START_MS, effects });
    const refusals = effects.map((effect) => effect.kind === "frame" && readDown(effect.bytes));
    expect(refusals).toMatchObject([
      { value: { name: "alias_stale", retryAfterMs: 1_000 } },
      { value: { request: 5, retryAfterMs: 70 } },
      { value: { request: 6 } },
    ]);
    expect(refusals[2]).not.toHaveProperty("value.retryAfterMs");
  });

  test("L3 an echo comes back as it was sent, up to its bound and not past it", () => {
    const rig = Rig.online();
    rig.receive(echo(LIMITS.ECHO_BYTES));
    rig.receive(echo(LIMITS.ECHO_BYTES + 1));
    const [first, second] = rig.take();
    expect(first).toMatchObject({ kind: "echo", value: { nonce: 7 } });
    expect(first?.kind === "echo" && first.value.data?.length).toBe(LIMITS.ECHO_BYTES);
    expect(second).toMatchObject({ kind: "refusal", value: { name: "command_invalid" } });
  });

  test("L3 an unknown channel, and an unknown frame of a known one, are refused; the link stays", () => {
    const rig = Rig.online();
    rig.receive(envelope(99, 0));
    rig.receive(envelope(0, ...UNKNOWN_FIELD));
    rig.receive(envelope(1, ...UNKNOWN_FIELD));
    expect(rig.take().map((frame) => frame.kind === "refusal" && frame.value.name)).toEqual([
      "channel_unknown",
      "frame_unknown",
      "frame_unknown",
    ]);
    expect(rig.closes).toEqual([]);
  });

  test.each([
    ["no struct on the push channel", envelope(1, 0xff)],
    ["no struct on the echo channel", envelope(2, 0xff)],
    ["no envelope", Uint8Array.of(1, 2, 3)],
  ])("P8.2 %s closes the link with protocol_error", (_, bytes) => {
    const rig = Rig.online();
    rig.receive(bytes);
    expect(rig.closes).toMatchObject([{ code: "protocol_error" }]);
  });

  test("L4 text other than the heartbeat closes the link, with a code that tells the device to stop", () => {
    const rig = Rig.online();
    rig.run((context) => rig.device.receiveText(context));
    expect(rig.closes).toMatchObject([{ code: "protocol_error" }]);
    expect(closeVerdict(ERRORS.protocol_error.close ?? 0)).toBe("stop");
  });

  test("L7 a drain closes the link with a code that tells the device to reconnect, and loses nothing", () => {
    const rig = Rig.online();
    const token = rig.sendAndWait();
    rig.run((context) => rig.device.drain(context));
    expect(rig.closes).toMatchObject([{ code: "going_away" }]);
    expect(closeVerdict(ERRORS.going_away.close ?? 0)).toBe("reconnect");
    expect(rig.answers.get(token)).toMatchObject({ status: "queued" });
  });

  test("nothing that comes after a close has an effect", () => {
    const rig = Rig.online();
    rig.receive(Uint8Array.of(0xff));
    rig.take();
    rig.receive(echo(1));
    rig.receive(Uint8Array.of(0xff));
    expect(rig.take()).toEqual([]);
    expect(rig.closes).toHaveLength(1);
  });
});

describe("bounds of a link", () => {
  /** An envelope of so many bytes, of an unknown channel. */
  const sized = (bytes: number) => {
    const overhead = envelope(99, ...new Uint8Array(60_000)).length - 60_000;
    return envelope(99, ...new Uint8Array(bytes - overhead));
  };

  test("P8.1 a frame of 65,536 bytes is read; one of 65,537 closes the link", () => {
    const rig = Rig.online();
    const largest = sized(LIMITS.FRAME_BYTES);
    expect(largest).toHaveLength(LIMITS.FRAME_BYTES);
    rig.receive(largest);
    expect(rig.take()).toMatchObject([{ kind: "refusal", value: { name: "channel_unknown" } }]);
    rig.receive(sized(LIMITS.FRAME_BYTES + 1));
    expect(rig.closes).toMatchObject([{ code: "frame_too_large" }]);
  });

  test("P8.3 a burst of 200 commands is taken, the next is refused with when to come back, and then it is taken", () => {
    const rig = Rig.registered();
    rig.now += 10_000;
    const detach = (count: number) => {
      for (let i = 0; i < count; i++) rig.command({ kind: "detach", value: { slot: 1 } });
      return rig.take();
    };
    expect(detach(LIMITS.COMMANDS_BURST)).toEqual([]);
    const retryAfterMs = 1_000 / LIMITS.COMMANDS_PER_SECOND;
    expect(detach(1)).toMatchObject([
      { kind: "refusal", value: { name: "rate_limited", retryAfterMs } },
    ]);
    rig.now += retryAfterMs;
    expect(detach(1)).toEqual([]);
    expect(detach(1)).toHaveLength(1);
  });

  test("P8.3 a device that goes on after 200 refusals is cut", () => {
    const rig = Rig.registered();
    rig.now += 10_000;
    const flood = (count: number) => {
      for (let i = 0; i < count; i++) rig.receive(echo(0));
    };
    flood(LIMITS.COMMANDS_BURST + LIMITS.COMMANDS_REFUSED_MAX);
    expect(rig.closes).toEqual([]);
    flood(1);
    expect(rig.closes).toMatchObject([{ code: "flooding" }]);
  });

  test("P8.3 a flood that takes its time is cut too, although some of it is granted meanwhile", () => {
    const rig = Rig.registered();
    rig.now += 10_000;
    // 1,000 a second: 20 of them for each that is granted.
    for (let i = 0; i < 1_000 && rig.closes.length === 0; i++) {
      rig.now += 1;
      rig.receive(echo(0));
    }
    expect(rig.closes).toMatchObject([{ code: "flooding" }]);
  });

  test("P8.3 acknowledgements of something are free, those of nothing count as commands", () => {
    const rig = Rig.online();
    for (let i = 0; i < 2 * LIMITS.COMMANDS_BURST; i++) {
      rig.send();
      expect(rig.takeAndAck()).toHaveLength(1);
    }
    const refused = () => rig.take().filter((frame) => frame.kind === "refusal");
    expect(refused()).toEqual([]);
    for (let i = 0; i < LIMITS.COMMANDS_BURST + 1; i++) rig.ack(1, 2, 1);
    expect(refused()).not.toEqual([]);
  });

  test("P8.3 a clock that jumps back neither cuts nor frees a device that sends commands", () => {
    const rig = Rig.registered();
    rig.now += 10_000;
    for (let i = 0; i < LIMITS.COMMANDS_BURST; i++) rig.receive(echo(0));
    rig.take();
    rig.now -= 3_600_000;
    rig.receive(echo(0));
    expect(rig.take()).toMatchObject([{ value: { name: "rate_limited" } }]);
    rig.now += 1_000;
    rig.receive(echo(0));
    expect(rig.take()).toMatchObject([{ kind: "echo" }]);
  });
});
