/** What writers refuse, and the bytes that they give away. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { briefBytes, encodeBriefly } from "../../schema/codec/writer.ts";
import {
  encodePushDown,
  encodeRegister,
  type WritablePushDown,
} from "../../schema/generated/link.ts";

/** More than the array that short frames share. */
const LONG_BYTES = 20_000;

// An encoder would take an array of one name for the name.
test.each([[["A"]], [5], [true], [{}], [new String("A")]])(
  "S23 writes no %o for a string",
  (appId) => {
    expect(() => encodeRegister({ request: 1, appId: appId as string })).toThrow(
      expect.objectContaining({ name: "ThriftError", kind: "type" }),
    );
  },
);

test("S25 what is encoded briefly is what is encoded, and stays it", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: LONG_BYTES }), { maxLength: 60 }), (bodies) => {
      const frames = bodies.map((body): WritablePushDown => {
        return { kind: "sealed", value: { slot: 1, epoch: 1, number: 1, body } };
      });
      const brief = frames.map((frame) => encodePushDown(frame, encodeBriefly));
      expect(brief).toEqual(frames.map((frame) => encodePushDown(frame)));
    }),
  );
});

test("S25 brief bytes are nobody else's", () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: LONG_BYTES }), { maxLength: 60 }), (counts) => {
      const all = counts.map((count, at) => briefBytes(count).fill(at));
      expect(all.map(({ length }) => length)).toEqual(counts);
      for (const [at, bytes] of all.entries())
        expect(bytes.every((byte) => byte === at)).toBe(true);
    }),
  );
});
