import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { deviceIdOf } from "../../../core/identity/device-id.ts";
import { messageKey } from "../../../core/identity/message-key.ts";
import { toBase64Url } from "../../../schema/text.ts";
import { bytes, oneKey, otherMesh, regIdParts, rotated } from "./fixtures.ts";

const hashes = fc.uniqueArray(bytes(32), { minLength: 1, maxLength: 8, selector: toBase64Url });

describe("device IDs", () => {
  it("are the same for the same identifiers in any order, after a rotation too", () => {
    fc.assert(
      fc.property(
        hashes.chain((set) =>
          fc.tuple(fc.constant(set), fc.shuffledSubarray(set, { minLength: set.length })),
        ),
        ([set, shuffled]) => {
          expect(deviceIdOf(oneKey, shuffled)).toEqual(deviceIdOf(oneKey, set));
          expect(deviceIdOf(rotated, set)).toEqual(deviceIdOf(oneKey, set));
        },
      ),
    );
  });

  it("differ where the sets or the meshes differ", () => {
    fc.assert(
      fc.property(hashes, bytes(32), (set, extra) => {
        fc.pre(!set.some((hash) => toBase64Url(hash) === toBase64Url(extra)));
        expect(deviceIdOf(oneKey, [...set, extra])).not.toEqual(deviceIdOf(oneKey, set));
        expect(deviceIdOf(otherMesh, set)).not.toEqual(deviceIdOf(oneKey, set));
      }),
    );
  });
});

describe("message keys", () => {
  it("P2.2 are the same for the same registration and basis, and else differ", () => {
    fc.assert(
      fc.property(regIdParts, regIdParts, fc.string({ minLength: 1 }), (a, b, value) => {
        fc.pre(toBase64Url(a.deviceId) !== toBase64Url(b.deviceId));
        const basis = { kind: "idempotency-key", value } as const;
        const key = messageKey(a, basis);
        expect(key.length).toBe(9);
        expect(messageKey({ ...a, generation: b.generation }, basis)).toEqual(key);
        expect(messageKey(b, basis)).not.toEqual(key);
        expect(messageKey({ ...a, app: b.app }, basis)).not.toEqual(key);
        expect(messageKey(a, { ...basis, value: `${value}x` })).not.toEqual(key);
      }),
    );
  });

  it("P2.2 of an Idempotency-Key cannot be made to meet those of a signature", () => {
    const parts = { deviceId: new Uint8Array(16), app: new Uint8Array(8), generation: 1 };
    const text = "abc";
    expect(messageKey(parts, { kind: "idempotency-key", value: text })).not.toEqual(
      messageKey(parts, { kind: "signature", value: new TextEncoder().encode(text) }),
    );
  });
});
