/** Messages of a port as bytes of a stream, as sent and as a hostile process may send them. */
import { describe, expect, test } from "vitest";
import { encodeFrame, FrameReader } from "../../../../sdk/device/daemon/frames.ts";

const MAX = 1_000;

function reader() {
  const got: unknown[] = [];
  return { got, frames: new FrameReader(MAX, (message) => got.push(message)) };
}

const head = (length: number, text = "") => {
  const bytes = Buffer.alloc(4 + Buffer.byteLength(text));
  bytes.writeUInt32BE(length);
  bytes.write(text, 4);
  return bytes;
};

const MESSAGES = [
  { kind: "wake" },
  { kind: "sealed", wireRequest: 1, body: new Uint8Array([0, 255, 128]) },
  { kind: "setKey", request: 2, setup: { kid: 1, enc: new Uint8Array(), epoch: 0 } },
  {
    kind: "subscribe",
    request: 3,
    add: ["\u0000", "Grüße \u{1F600}", "\ud800", "~", "__proto__"],
    remove: [],
  },
  { kind: "failed", error: { code: "x", cause: { "~": 1, b: [null, true, 1.5] } } },
];

describe("D5 frames", () => {
  test("read back what was written, in one piece, in many and in one for all", () => {
    const all = Buffer.concat(MESSAGES.map(encodeFrame));
    for (const size of [1, 3, 7, all.length]) {
      const { got, frames } = reader();
      for (let at = 0; at < all.length; at += size) frames.push(all.subarray(at, at + size));
      expect(got).toEqual(MESSAGES);
    }
  });

  test("have bytes of their own, which another frame does not change", () => {
    const { got, frames } = reader();
    frames.push(encodeFrame({ body: new Uint8Array([1, 2, 3]) }));
    const { body } = got[0] as { body: Uint8Array };
    expect(body.constructor).toBe(Uint8Array);
    expect(body.buffer.byteLength).toBe(3);
    frames.push(encodeFrame({ body: new Uint8Array([9, 9, 9]) }));
    expect([...body]).toEqual([1, 2, 3]);
  });

  test("leave out what is undefined, and make text of an error", () => {
    const { got, frames } = reader();
    frames.push(encodeFrame({ a: undefined, cause: new TypeError("no") }));
    expect(got).toEqual([{ cause: "TypeError: no" }]);
  });

  test("of the longest length are read, and of one more refused before they are there", () => {
    const { got, frames } = reader();
    const longest = JSON.stringify("x".repeat(MAX - 2));
    frames.push(head(MAX, longest));
    expect(got).toHaveLength(1);
    expect(() => frames.push(head(MAX + 1))).toThrow(RangeError);
  });

  test.each([
    ["no JSON", head(1, "{")],
    ["nothing", head(0)],
    ["deep brackets", head(900, "[".repeat(450) + "]".repeat(450))],
    ["deep objects", head(601, `${'{"a":'.repeat(100)}1${"}".repeat(100)}`)],
  ])("of %s are refused", (_, bytes) => {
    expect(() => reader().frames.push(bytes)).toThrow();
  });

  test("name no prototype", () => {
    const { got, frames } = reader();
    const text = '{"__proto__":{"kind":"open"}}';
    frames.push(head(text.length, text));
    expect(Object.getPrototypeOf(got[0])).toBe(Object.prototype);
    expect((got[0] as { kind?: string }).kind).toBeUndefined();
  });
});
