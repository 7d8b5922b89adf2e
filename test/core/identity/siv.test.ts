import { aessiv } from "@noble/ciphers/aes.js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Siv } from "../../../core/identity/siv.ts";
import { bytes } from "./fixtures.ts";

const plaintext = fc.uint8Array({ minLength: 16, maxLength: 80 });
const associated = fc.uint8Array({ maxLength: 40 });

describe("AES-SIV", () => {
  it("seals as RFC 5297 says, by the word of the library, and opens it again", () => {
    fc.assert(
      fc.property(bytes(64), associated, plaintext, (key, data, plain) => {
        const siv = new Siv(key, data);
        const sealed = siv.encrypt(plain);
        expect(sealed).toEqual(aessiv(key, data).encrypt(plain));
        expect(siv.decrypt(sealed)).toEqual(plain);
      }),
    );
  });

  it("leaves its arguments as they were, wherever in a buffer they lie", () => {
    fc.assert(
      fc.property(bytes(64), plaintext, fc.nat({ max: 7 }), (key, plain, offset) => {
        const siv = new Siv(key, new Uint8Array(1));
        const sealed = siv.encrypt(plain);
        const buffer = new Uint8Array(offset + sealed.length);
        buffer.set(sealed, offset);
        const before = buffer.slice();
        expect(siv.decrypt(buffer.subarray(offset))).toEqual(plain);
        expect(buffer).toEqual(before);
        expect(siv.encrypt(buffer.subarray(offset))).toEqual(siv.encrypt(sealed));
        expect(buffer).toEqual(before);
      }),
    );
  });

  it("P7.2 opens nothing of which a bit was changed, nor what is too short", () => {
    fc.assert(
      fc.property(bytes(64), plaintext, fc.nat(), (key, plain, at) => {
        const siv = new Siv(key, new Uint8Array(1));
        const sealed = siv.encrypt(plain);
        const bit = at % (sealed.length * 8);
        sealed[bit >> 3] = (sealed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(siv.decrypt(sealed)).toBeUndefined();
        expect(siv.decrypt(sealed.subarray(0, 31))).toBeUndefined();
      }),
    );
  });
});
