import { describe, expect, test } from "vitest";
import {
  type PendingSend,
  SenderLink,
  type SenderOwner,
} from "../../../core/sender/sender-link.ts";
import type { ErrorCode } from "../../../schema/errors.ts";
import {
  CHANNEL_SEND,
  decodeEnvelope,
  decodeSendDown,
  encodeEnvelope,
  encodeSendUp,
  PROTOCOL_REVISION,
  type Send,
  type SendDown,
  type SendResult,
  type WritableSendUp,
} from "../../../schema/generated/link.ts";
import { LIMITS } from "../../../schema/limits.ts";

const NOW = 1_000_000;
const CREDIT = { sends: 4, bytes: 8_000 };
const WELCOME = {
  serverTimeMs: NOW,
  heartbeatMs: 30_000,
  maxFrameBytes: LIMITS.FRAME_BYTES,
  credit: CREDIT,
  reconnectBaseMs: 1_000,
  reconnectMaxMs: 60_000,
};

const up = (frame: WritableSendUp) =>
  encodeEnvelope({ channel: CHANNEL_SEND, body: encodeSendUp(frame) });
const hello = (revision = PROTOCOL_REVISION, agent?: string) =>
  up({ kind: "hello", value: agent === undefined ? { revision } : { revision, agent } });
const send = (request: number, more: Partial<Send> = {}): Send => ({
  request,
  to: "reg",
  content: new Uint8Array(100),
  ...more,
});
const sends = (...value: readonly Send[]) => up({ kind: "sends", value });
const answer = (request: number, bytes = 10): SendResult => ({
  request,
  answer: new Uint8Array(bytes),
});

/** A link, and what it had its owner do. */
class Rig implements SenderOwner {
  readonly link = new SenderLink(this);
  readonly begun: PendingSend[] = [];
  readonly closes: ErrorCode[] = [];
  readonly frameBytes: number[] = [];
  down: SendDown[] = [];
  buffered = 0;
  flushes = 0;

  static ready(): Rig {
    const rig = new Rig();
    rig.receive(hello());
    rig.down = [];
    return rig;
  }

  receive(message: Uint8Array | string): void {
    this.link.receive(message, NOW);
  }

  /** Ends the send with this number. */
  settle(request: number, bytes?: number): void {
    const pending = this.begun.findLast((one) => one.send.request === request);
    if (pending === undefined) throw new Error(`send ${request} was not begun`);
    this.link.settle(pending, answer(request, bytes));
  }

  /** The requests that each frame of results had. */
  get results(): number[][] {
    return this.down.flatMap((frame) =>
      frame.kind === "results" ? [frame.value.map(({ request }) => request)] : [],
    );
  }

  bufferedBytes(): number {
    return this.buffered;
  }

  frame(bytes: Uint8Array<ArrayBuffer>): void {
    this.frameBytes.push(bytes.length);
    this.down.push(decodeSendDown(decodeEnvelope(bytes).body));
  }

  close(code: ErrorCode): void {
    this.closes.push(code);
  }

  begin(begun: readonly PendingSend[]): void {
    this.begun.push(...begun);
  }

  flushSoon(): void {
    this.flushes++;
  }

  welcome() {
    return WELCOME;
  }
}

describe("opening", () => {
  test("K1 hello is answered by welcome, whose credit the link has", () => {
    const rig = new Rig();
    expect(rig.link.isOpening).toBe(true);
    rig.receive(hello(PROTOCOL_REVISION, "a".repeat(LIMITS.AGENT_BYTES)));
    expect(rig.down).toEqual([{ kind: "welcome", value: WELCOME }]);
    expect(rig.link).toMatchObject({ isOpening: false, isClosed: false, credit: CREDIT });
  });

  test.each<[string, Uint8Array | string, ErrorCode]>([
    ["text", "pong", "protocol_error"],
    ["sends", sends(send(1)), "protocol_error"],
    ["no envelope", Uint8Array.of(0xff), "protocol_error"],
    ["another channel", encodeEnvelope({ channel: 0, body: new Uint8Array() }), "protocol_error"],
    ["another revision", hello(PROTOCOL_REVISION + 1), "revision_unsupported"],
    ["a long agent", hello(PROTOCOL_REVISION, "é".repeat(33)), "protocol_error"],
    ["a large frame", new Uint8Array(LIMITS.FRAME_BYTES + 1), "frame_too_large"],
  ])("K4 %s instead of hello closes the link", (_, message, code) => {
    const rig = new Rig();
    rig.receive(message);
    rig.receive(hello());
    expect(rig).toMatchObject({ closes: [code], down: [], begun: [] });
  });

  test("K4 a second hello closes the link", () => {
    const rig = Rig.ready();
    rig.receive(hello());
    expect(rig.closes).toEqual(["protocol_error"]);
  });
});

describe("sends", () => {
  test("K1 they begin in the order in which they came, and wait as they ask", () => {
    const rig = Rig.ready();
    rig.receive(sends(send(3), send(1, { waitMs: 0 })));
    rig.receive(sends(send(2, { waitMs: LIMITS.ACK_WAIT_MAX_MS + 1 })));
    expect(rig.begun.map(({ send: { request }, until }) => [request, until - NOW])).toEqual([
      [3, LIMITS.ACK_WAIT_DEFAULT_MS + LIMITS.CALL_MS],
      [1, LIMITS.CALL_MS],
      [2, LIMITS.ACK_WAIT_MAX_MS + LIMITS.CALL_MS],
    ]);
    const until = NOW + LIMITS.ACK_WAIT_DEFAULT_MS + LIMITS.CALL_MS;
    expect(rig.link.overdue(NOW + LIMITS.CALL_MS)).toEqual([]);
    expect(rig.link.overdue(until).map((one) => one.send.request)).toEqual([1]);
    expect(rig.link.overdue(until + 1).map((one) => one.send.request)).toEqual([3, 1]);
  });

  test("K4 the number of a send under way closes the link; one with a result is free", () => {
    const rig = Rig.ready();
    rig.receive(sends(send(1)));
    rig.settle(1);
    rig.receive(sends(send(1)));
    expect(rig.closes).toEqual([]);
    rig.receive(sends(send(1)));
    expect(rig.closes).toEqual(["protocol_error"]);
    expect(rig.begun).toHaveLength(2);
  });

  test.each([
    ["sends", [send(4), send(5)]],
    ["bytes", [send(4, { content: new Uint8Array(CREDIT.bytes) })]],
  ])("K4 more %s than the credit close the link, and none of that frame begins", (_, more) => {
    const rig = Rig.ready();
    rig.receive(sends(send(1), send(2), send(3)));
    rig.receive(sends(...more));
    rig.receive(sends(send(6)));
    expect(rig.closes).toEqual(["sender_overdrawn"]);
    expect(rig.begun.map((one) => one.send.request)).toEqual([1, 2, 3]);
  });

  test("K4 a result gives its sends and bytes back, once", () => {
    const rig = Rig.ready();
    for (let round = 0; round < 10; round++) {
      const frame = sends(send(1), send(2), send(3), send(4));
      rig.receive(frame);
      expect(rig.link.pending).toBe(4);
      expect(rig.link.pendingBytes).toBeGreaterThanOrEqual(frame.length);
      for (const request of [4, 1, 1, 3, 2]) rig.settle(request);
      expect(rig.link).toMatchObject({ pending: 0, pendingBytes: 0 });
    }
    expect(rig.closes).toEqual([]);
  });

  test("K4 more credit lets more begin", () => {
    const rig = Rig.ready();
    const credit = { sends: 5, bytes: CREDIT.bytes };
    rig.link.raise(credit);
    expect(rig.down).toEqual([{ kind: "credit", value: credit }]);
    rig.receive(sends(send(1), send(2), send(3), send(4), send(5)));
    expect(rig.begun).toHaveLength(5);
  });
});

describe("results", () => {
  test("K2 results until the flush go out in one frame, each once, of the send that has the number now", () => {
    const rig = Rig.ready();
    rig.receive(sends(send(1), send(2)));
    const [first] = rig.begun;
    rig.settle(2);
    rig.settle(1);
    expect(rig.flushes).toBe(1);
    rig.link.flush();
    rig.link.flush();
    expect(rig.results).toEqual([[2, 1]]);
    rig.receive(sends(send(1)));
    rig.link.settle(first as PendingSend, answer(1));
    rig.link.flush();
    expect(rig.results).toEqual([[2, 1]]);
    expect(rig.link.pending).toBe(1);
  });

  test("K2 large results are split into frames that the sender reads", () => {
    const rig = Rig.ready();
    rig.receive(sends(send(1), send(2), send(3), send(4)));
    for (const request of [1, 2, 3, 4]) rig.settle(request, 30_000);
    rig.link.flush();
    expect(rig.results).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(Math.max(...rig.frameBytes)).toBeLessThanOrEqual(LIMITS.FRAME_BYTES);
  });

  test("K6 a draining link still takes sends and gives results; it asks once", () => {
    const rig = Rig.ready();
    rig.link.drain("stops", 500);
    rig.link.drain("stops", 500);
    rig.link.raise({ sends: 100, bytes: 100_000 });
    expect(rig.down).toEqual([
      { kind: "goaway", value: { reason: "stops", reconnectWithinMs: 500 } },
    ]);
    rig.receive(sends(send(1)));
    rig.settle(1);
    rig.link.flush();
    expect(rig.results).toEqual([[1]]);
  });
});

describe("the end", () => {
  test("K2 results that have come go out before the close, those after it do not", () => {
    const rig = Rig.ready();
    rig.receive(sends(send(1), send(2)));
    rig.settle(1);
    rig.link.close("going_away", "gone");
    rig.settle(2);
    rig.link.flush();
    rig.link.close("going_away", "gone");
    expect(rig.results).toEqual([[1]]);
    expect(rig.closes).toEqual(["going_away"]);
  });

  test("K4 a sender that does not read is closed", () => {
    const rig = Rig.ready();
    rig.receive(sends(send(1), send(2)));
    rig.buffered = LIMITS.SOCKET_BUFFER_BYTES;
    rig.settle(1);
    rig.link.flush();
    expect(rig.closes).toEqual([]);
    rig.buffered++;
    rig.settle(2);
    rig.link.flush();
    expect(rig).toMatchObject({ closes: ["slow_consumer"], results: [[1]] });
  });

  test("K4 a close for another reason, whose last results find a sender that does not read, is one close", () => {
    const rig = Rig.ready();
    rig.receive(sends(send(1)));
    rig.settle(1);
    rig.buffered = LIMITS.SOCKET_BUFFER_BYTES + 1;
    rig.receive("pong");
    expect(rig.closes).toEqual(["slow_consumer"]);
  });

  test("K2 nothing is sent on a lost socket", () => {
    const rig = Rig.ready();
    rig.receive(sends(send(1)));
    rig.settle(1);
    rig.link.lost();
    rig.link.flush();
    rig.receive(sends(send(2)));
    expect(rig).toMatchObject({ down: [], closes: [] });
    expect(rig.begun).toHaveLength(1);
  });
});
