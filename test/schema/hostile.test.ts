/** P7, P8: whatever bytes come, the codec gives a value or a ThriftError, soon, and allocates little. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ThriftError } from "../../schema/codec/error.ts";
import { SKIP_DEPTH } from "../../schema/codec/reader.ts";
import { ALL_CODECS, type Codec, linkCodec } from "./support/codecs.ts";
import { officialDecode, officialEncode } from "./support/official.ts";
import { unknownFields, writeField } from "./support/unknown.ts";
import { shapeValue } from "./support/values.ts";

/** The largest frame that the link takes: what a stranger can make us decode at once. */
const FRAME_BYTES = 65_536;

type Outcome = { readonly value: unknown } | { readonly error: ThriftError };

/** Any other error, a RangeError of the stack among them, fails the test. */
function attempt(codec: Codec, bytes: Uint8Array): Outcome {
  try {
    return { value: codec.decode(bytes) };
  } catch (error) {
    if (error instanceof ThriftError) return { error };
    throw error;
  }
}

function kindOf(codec: Codec, bytes: Uint8Array): string {
  const outcome = attempt(codec, bytes);
  return "error" in outcome ? outcome.error.kind : "value";
}

/** What we accept, the official package reads as the same value, or does not read. */
function expectAlike(codec: Codec, bytes: Uint8Array): void {
  const outcome = attempt(codec, bytes);
  if ("error" in outcome) return;
  let official: unknown;
  try {
    official = officialDecode(codec.ast, codec.name, bytes);
  } catch {
    return;
  }
  expect(outcome.value).toStrictEqual(official);
}

describe.each(ALL_CODECS)("$name", (codec) => {
  const values = shapeValue(codec.ast, codec.name);

  test("P7 refuses its bytes cut short at every length", () => {
    fc.assert(
      fc.property(values, (value) => {
        const bytes = codec.encode(value);
        for (let length = 0; length < bytes.length; length++) {
          expect(["truncated", "count"]).toContain(kindOf(codec, bytes.subarray(0, length)));
        }
      }),
      { numRuns: 20 },
    );
  });

  test("P7 refuses bytes after its end", () => {
    fc.assert(
      fc.property(values, fc.uint8Array({ minLength: 1 }), (value, rest) => {
        expect(kindOf(codec, Buffer.concat([codec.encode(value), rest]))).toBe("trailing");
      }),
    );
  });

  test("P7 reads flipped bits as the official package does, or refuses them", () => {
    fc.assert(
      fc.property(values, fc.array(fc.nat(), { minLength: 1, maxLength: 3 }), (value, flips) => {
        const bytes = codec.encode(value);
        for (const flip of flips) {
          const bit = flip % (bytes.length * 8);
          bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        }
        expectAlike(codec, bytes);
      }),
      { numRuns: 200 },
    );
  });

  test("P7 reads random bytes as the official package does, or refuses them", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => expectAlike(codec, bytes)),
      { numRuns: 200 },
    );
  });

  // In parts, each soon over on a busy machine too.
  test.each([1, 2, 3, 4, 5])("skips fields of a newer peer wherever they stand, part %i", () => {
    fc.assert(
      fc.property(values, unknownFields, (value, unknown) => {
        const bytes = officialEncode(codec.ast, codec.name, value, (protocol) => {
          for (const [id, field] of unknown) writeField(protocol, id, field);
        });
        expect(codec.decode(bytes)).toStrictEqual(value);
      }),
      { numRuns: 10 },
    );
  });
});

describe("bounds", () => {
  const echo = linkCodec("Echo");
  const nonce = [0x16, 0x00];
  /** An Echo with one more field, of an ID that is not in the IDL. */
  const withField = (header: number, ...field: number[]): Uint8Array =>
    Uint8Array.from([...nonce, header, ...field, 0x00]);

  test("P8 unknown structs nest as deep as the limit and no deeper", () => {
    const structs = (depth: number) =>
      withField(0xfc, ...Array<number>(depth - 1).fill(0x1c), ...Array<number>(depth).fill(0));
    expect(kindOf(echo, structs(SKIP_DEPTH))).toBe("value");
    expect(kindOf(echo, structs(SKIP_DEPTH + 1))).toBe("depth");
  });

  test("P8 unknown lists and maps nest as deep as the limit and no deeper", () => {
    const lists = (depth: number) => withField(0xf9, ...Array<number>(depth - 1).fill(0x19), 0x03);
    expect(kindOf(echo, lists(SKIP_DEPTH))).toBe("value");
    expect(kindOf(echo, lists(SKIP_DEPTH + 1))).toBe("depth");
    // Each map has one entry: a byte as its key, and the next map; the last is empty.
    const maps = (depth: number) =>
      withField(
        0xfb,
        ...Array(depth - 1)
          .fill([0x01, 0x3b, 0x07])
          .flat(),
        0x00,
      );
    expect(kindOf(echo, maps(SKIP_DEPTH))).toBe("value");
    expect(kindOf(echo, maps(SKIP_DEPTH + 1))).toBe("depth");
  });

  /** Frames of full size made to cost as much as they can: in depth, in number, in fields, in claims. */
  const fill = (head: number[], unit: number[]): Uint8Array => {
    const frame = new Uint8Array(FRAME_BYTES);
    frame.set(head);
    for (let at = head.length; at + unit.length <= frame.length; at += unit.length) {
      frame.set(unit, at);
    }
    return frame;
  };
  const hostile: readonly (readonly [string, string, Uint8Array])[] = [
    ["nested structs", "Echo", fill([], [0x1c])],
    ["nested lists", "Echo", fill([0xf9], [0x19])],
    ["nested maps", "Echo", fill([0xfb], [0x01, 0x3b, 0x07])],
    ["one bool field after another", "Echo", fill([], [0x01, 0x80, 0x01])],
    ["growing field IDs", "Echo", fill([], [0xf1])],
    ["lists that claim all that is left", "Echo", fill([], [0xf9, 0xf3, 0xff, 0xff, 0x03])],
    ["endless varints", "Echo", fill([0x16], [0xff])],
    ["as many slots as fit", "Hello", fill([0x15, 0x02, 0x29, 0xf5, 0xf0, 0xff, 0x03], [0x02])],
    [
      "as many acks as fit",
      "PushUp",
      fill([0x59, 0xfc, 0xff, 0xff, 0x03], [0x15, 0, 0x15, 2, 0x16, 0, 0]),
    ],
    ["as many empty messages as fit", "Deliver", fill([0x19, 0xfc, 0xff, 0xff, 0x03], [0x00])],
  ];

  test.each(hostile)("P8 %s cost little time and memory (%s)", (_, name, frame) => {
    const codec = linkCodec(name);
    const before = process.memoryUsage().heapUsed;
    const start = process.threadCpuUsage();
    const outcomes = Array.from({ length: 16 }, () => attempt(codec, frame));
    const { user, system } = process.threadCpuUsage(start);
    const tookMs = (user + system) / 1_000 / outcomes.length;
    const grown = (process.memoryUsage().heapUsed - before) / outcomes.length;
    // Reads take about 1 ms. A quadratic one, 65,536² steps, would take seconds.
    expect(tookMs).toBeLessThan(200);
    // An array of small numbers that grows takes 8 to 20 bytes an element, and an element is one byte at least.
    expect(grown).toBeLessThan(40 * FRAME_BYTES);
  });
});

describe("list<bool>", () => {
  const kitchen = ALL_CODECS.find(({ name }) => name === "Kitchen");
  /** Kitchen with `bools` of the given list header and elements, and its required fields. */
  const withBools = (...list: number[]): Outcome => {
    if (kitchen === undefined) throw new Error("no Kitchen");
    // Field 17 in the long form, 18 the list, 19 true, 26 an empty list of structs
    return attempt(
      kitchen,
      Uint8Array.from([0x04, 0x22, 0x00, 0x19, ...list, 0x11, 0x79, 0x0c, 0x00]),
    );
  };
  const value = { small: 0, bools: [true, false, false], last: true, moreInners: [] };

  test("takes either element type, and 2 and 0 as false", () => {
    expect(withBools(0x31, 1, 2, 0)).toStrictEqual({ value });
    expect(withBools(0x32, 1, 2, 0)).toStrictEqual({ value });
  });

  test("P7 refuses an element that is neither true nor false", () => {
    expect(withBools(0x11, 3)).toMatchObject({ error: { kind: "range" } });
  });
});

describe("values", () => {
  const echo = linkCodec("Echo");
  const attach = linkCodec("Attach");
  const envelope = linkCodec("Envelope");
  const refused = (codec: Codec, value: unknown): string => {
    try {
      codec.encode(value);
      return "bytes";
    } catch (error) {
      if (error instanceof ThriftError) return error.kind;
      throw error;
    }
  };

  test.each([2 ** 53, -(2 ** 53), 0.5, Number.NaN, Infinity, undefined])(
    "i64 refuses %s",
    (nonce) => {
      expect(refused(echo, { nonce })).toBe("range");
    },
  );

  test.each([2 ** 31, -(2 ** 31) - 1, 0.5, Number.NaN, undefined])("i32 refuses %s", (slot) => {
    expect(refused(attach, { slot })).toBe("range");
  });

  test.each([2 ** 15, -(2 ** 15) - 1, 0.5, Number.NaN, undefined])("i16 refuses %s", (channel) => {
    expect(refused(envelope, { channel, body: new Uint8Array(0) })).toBe("range");
  });

  test("the buffer of a value that was refused, or that encodes another, is not mixed up", () => {
    expect(refused(echo, { nonce: 0.5 })).toBe("range");
    const inner = echo.encode({ nonce: 1 });
    const outer = echo.encode({
      nonce: 7,
      get data() {
        return echo.encode({ nonce: 1 });
      },
    });
    expect(echo.decode(outer)).toStrictEqual({ nonce: 7, data: inner });
  });

  test("what was written stays when the buffer grows, under and over what is kept", () => {
    for (const length of [0, 1_000, 5_000, 60_000, 200_000, 300_000, 10]) {
      const body = Buffer.alloc(length, length);
      const value = envelope.decode(envelope.encode({ channel: 258, body }));
      expect(value).toMatchObject({ channel: 258 });
      expect(body.equals((value as { body: Uint8Array }).body)).toBe(true);
    }
  });

  test("binary is a view into the frame, and encoded bytes are the caller's own", () => {
    const frame = envelope.encode({ channel: 1, body: Uint8Array.of(1, 2, 3) });
    envelope.encode({ channel: 2, body: Uint8Array.of(9, 9, 9) });
    expect(envelope.decode(frame)).toStrictEqual({ channel: 1, body: Uint8Array.of(1, 2, 3) });
    frame.fill(7, 4, 7);
    expect(envelope.decode(frame)).toStrictEqual({ channel: 1, body: Uint8Array.of(7, 7, 7) });
  });
});
