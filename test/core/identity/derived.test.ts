import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { deviceIdOf, formerDeviceIdOf } from "../../../core/identity/device-id.ts";
import { messageKey } from "../../../core/identity/message-key.ts";
import { toBase64Url } from "../../../schema/text.ts";
import { bytes, oneKey, otherMesh, regIdParts, rotated } from "./fixtures.ts";

const hashes = fc.uniqueArray(bytes(32), { minLength: 1, maxLength: 8, selector: toBase64Url });

describe("S20 device IDs", () => {
  const ways = [
    ["of identifiers and a key", deviceIdOf],
    ["of identifiers alone, as before", formerDeviceIdOf],
  ] as const;

  it.each(ways)("%s are the same for the same in any order, after a rotation too", (_, idOf) => {
    fc.assert(
      fc.property(
        hashes.chain((set) =>
          fc.tuple(fc.constant(set), fc.shuffledSubarray(set, { minLength: set.length })),
        ),
        bytes(32),
        ([set, shuffled], key) => {
          expect(idOf(oneKey, shuffled, key)).toEqual(idOf(oneKey, set, key));
          expect(idOf(rotated, set, key)).toEqual(idOf(oneKey, set, key));
        },
      ),
    );
  });

  it.each(ways)("%s differ where the sets or the meshes differ", (_, idOf) => {
    fc.assert(
      fc.property(hashes, bytes(32), bytes(32), (set, extra, key) => {
        fc.pre(!set.some((hash) => toBase64Url(hash) === toBase64Url(extra)));
        expect(idOf(oneKey, [...set, extra], key)).not.toEqual(idOf(oneKey, set, key));
        expect(idOf(otherMesh, set, key)).not.toEqual(idOf(oneKey, set, key));
      }),
    );
  });

  it("differ where the keys differ, and no chosen identifiers lead to the device of a key", () => {
    fc.assert(
      fc.property(hashes, bytes(32), bytes(32), (set, key, other) => {
        fc.pre(toBase64Url(key) !== toBase64Url(other));
        const own = deviceIdOf(oneKey, set, key);
        expect(deviceIdOf(oneKey, set, other)).not.toEqual(own);
        expect(formerDeviceIdOf(oneKey, set)).not.toEqual(own);
        expect(formerDeviceIdOf(oneKey, [...set, key])).not.toEqual(own);
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
