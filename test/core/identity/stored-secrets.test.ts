import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { StoredSecrets } from "../../../core/identity/stored-secrets.ts";
import { bytes, masterText, oneKey, otherMesh, ring, rotated } from "./fixtures.ts";

const sealed = fc.record({ secret: bytes(32), row: fc.string(), owner: fc.string() });

describe("stored secrets", () => {
  it("S38 open in their own row, and nowhere else", () => {
    fc.assert(
      fc.property(sealed, fc.string(), bytes(49), ({ secret, row, owner }, other, noise) => {
        const secrets = new StoredSecrets(oneKey, owner);
        const stored = secrets.seal(row, secret);
        expect(stored.length).toBe(49);
        expect(secrets.open(row, stored)).toEqual({ secret, isStale: false });
        if (other !== row) expect(secrets.open(other, stored)).toBeNull();
        if (other !== owner) expect(new StoredSecrets(oneKey, other).open(row, stored)).toBeNull();
        expect(new StoredSecrets(otherMesh, owner).open(row, stored)).toBeNull();
        expect(secrets.open(row, noise)).toBeNull();
      }),
    );
  });

  it("S38 that were altered in any byte, cut or extended do not open", () => {
    const secrets = new StoredSecrets(oneKey, "app");
    const stored = secrets.seal("key 1", new Uint8Array(32).fill(5));
    for (let at = 0; at < stored.length; at++) {
      const altered = stored.with(at, (stored[at] ?? 0) ^ 1);
      expect(secrets.open("key 1", altered)).toBeNull();
    }
    for (const length of [0, 1, 31, 33, 48]) {
      expect(secrets.open("key 1", stored.slice(0, length))).toBeNull();
    }
    expect(secrets.open("key 1", Uint8Array.of(...stored, 0))).toBeNull();
  });

  it("S39 in the clear, or sealed with an older key, are to be sealed again", () => {
    const secret = new Uint8Array(32).fill(5);
    const [before, after] = [new StoredSecrets(oneKey, "a"), new StoredSecrets(rotated, "a")];
    expect(before.open("r", secret)).toEqual({ secret, isStale: true });
    expect(after.open("r", before.seal("r", secret))).toEqual({ secret, isStale: true });
    expect(after.open("r", after.seal("r", secret))).toEqual({ secret, isStale: false });
  });

  it("S41 sealed with a key that is only accepted here are left alone", () => {
    const secret = new Uint8Array(32).fill(5);
    const accepting = ring(`8:${masterText(50)};accept,7:${masterText(1)}`);
    const stored = new StoredSecrets(rotated, "a").seal("r", secret);
    expect(stored[0]).toBe(8);
    const here = new StoredSecrets(accepting, "a");
    expect(here.open("r", stored)).toEqual({ secret, isStale: false });
    expect(here.seal("r", secret)[0]).toBe(7);
  });
});
