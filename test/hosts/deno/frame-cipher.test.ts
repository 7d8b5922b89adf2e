/** Both ciphers of frames make and read the same bytes. */
import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { portableCipher } from "../../../core/identity/frame-cipher.ts";
import { nodeCipher } from "../../../hosts/deno/frame-cipher.ts";

const CIPHERS = {
  portable: portableCipher((count) => Uint8Array.from(randomBytes(count))),
  node: nodeCipher,
};
const bytes = (maxLength: number) => fc.uint8Array({ maxLength });
const key32 = fc.uint8Array({ minLength: 32, maxLength: 32 });

describe.each([
  ["portable", "node"],
  ["node", "portable"],
  ["node", "node"],
  ["portable", "portable"],
] as const)("what %s seals, %s", (sealer, opener) => {
  it("opens with the same key and context alone", () => {
    fc.assert(
      fc.property(key32, bytes(200), bytes(600), fc.nat(), (key, context, plaintext, at) => {
        const body = CIPHERS[sealer](key).seal(context, plaintext);
        const cipher = CIPHERS[opener](key);
        expect(Buffer.from(cipher.open(context, body) ?? "none")).toEqual(Buffer.from(plaintext));
        expect(body.length).toBe(plaintext.length + 28);
        const altered = body.with(
          at % body.length,
          (body[at % body.length] ?? 0) ^ (1 << (at % 8)),
        );
        expect(cipher.open(context, altered)).toBeNull();
        expect(cipher.open(Uint8Array.of(...context, 0), body)).toBeNull();
        expect(cipher.open(context, body.subarray(0, at % body.length))).toBeNull();
        expect(CIPHERS[opener](key.with(0, (key[0] ?? 0) ^ 1)).open(context, body)).toBeNull();
      }),
    );
  });
});

it("has a nonce of its own for each frame", () => {
  for (const make of Object.values(CIPHERS)) {
    const cipher = make(new Uint8Array(32));
    const seen = new Set<string>();
    for (let n = 0; n < 2_000; n++) {
      const body = cipher.seal(new Uint8Array(), new Uint8Array());
      seen.add(Buffer.from(body.subarray(0, 12)).toString("hex"));
    }
    expect(seen.size).toBe(2_000);
  }
});
