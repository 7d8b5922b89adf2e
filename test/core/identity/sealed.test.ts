import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatKeyId, openAppId, parseKeyId, sealAppId } from "../../../core/identity/app-id.ts";
import { openCredential, sealCredential } from "../../../core/identity/credential.ts";
import type { Keyring } from "../../../core/identity/keyring.ts";
import {
  generationOf,
  identityOf,
  lastingRegId,
  openRegId,
  RegIdCache,
  type RegIdParts,
  sealRegId,
} from "../../../core/identity/reg-id.ts";
import {
  bytes,
  generation,
  oneKey,
  otherMesh,
  regIdParts,
  rotated,
  tampered,
  twiceRotated,
} from "./fixtures.ts";

const credentialParts = fc.record({ deviceId: bytes(16), generation, publicKey: bytes(32) });

describe("regIds", () => {
  it("open to what was sealed, and seal to the same text each time", () => {
    fc.assert(
      fc.property(regIdParts, (parts) => {
        const regId = sealRegId(oneKey, parts);
        expect(regId).toMatch(/^[A-Za-z0-9_-]{60}$/);
        expect(sealRegId(oneKey, parts)).toBe(regId);
        expect(openRegId(oneKey, regId)).toEqual(parts);
      }),
    );
  });

  it("P7.9 are told by one identity over rotations, which the first one has in its text, and no other registration", () => {
    const life = fc.integer({ min: 0, max: 2 });
    const identity = (keyring: Keyring, parts: RegIdParts) =>
      identityOf(lastingRegId(keyring, parts, sealRegId(keyring, parts)));
    fc.assert(
      fc.property(regIdParts, life, generation, (first, n, other) => {
        const parts = { ...first, generation: generationOf(first.generation, n) };
        const regId = sealRegId(oneKey, parts);
        const known = identity(oneKey, parts);
        expect(known).toMatch(/^[A-Za-z0-9_-]{8}$/);
        expect(regId.slice(2, 10)).toBe(known);
        expect(sealRegId(rotated, parts)).not.toBe(regId);
        expect(identity(rotated, parts)).toBe(known);
        expect(identity(twiceRotated, parts)).toBe(known);
        expect(new RegIdCache(twiceRotated, 1).open(sealRegId(rotated, parts))?.lasting).toBe(
          regId,
        );
        const others = [
          { ...parts, generation: generationOf(first.generation, n + 1) },
          { ...parts, app: parts.app.map((byte) => byte ^ 1) },
          { ...parts, deviceId: parts.deviceId.map((byte) => byte ^ 1) },
          ...(other === first.generation ? [] : [{ ...first, generation: other }]),
        ];
        for (const one of others) expect(identity(rotated, one)).not.toBe(known);
      }),
    );
  });

  it("P8.1 are kept open up to a bound, and forged ones are not kept", () => {
    const cache = new RegIdCache(oneKey, 2);
    const regIds = [1, 2, 3].map((n) =>
      sealRegId(oneKey, {
        deviceId: new Uint8Array(16).fill(n),
        app: new Uint8Array(8),
        generation: 1,
      }),
    );
    const [first = "", second = "", third = ""] = regIds;
    const opened = [first, second].map((regId) => cache.open(regId));
    expect(cache.open(`${first.slice(0, -1)}${first.endsWith("A") ? "Q" : "A"}`)).toBeUndefined();
    expect([first, second].map((regId) => cache.open(regId))).toEqual(opened);
    expect(cache.open(first)).toBe(opened[0]);
    cache.open(third);
    expect(cache.open(second)).toBe(opened[1]);
    expect(cache.open(first)).not.toBe(opened[0]);
    expect(cache.open(first)).toEqual(opened[0]);
  });

  it("P7.2 with any one character changed are refused", () => {
    const tamperedRegId = regIdParts
      .map((parts) => sealRegId(oneKey, parts))
      .chain((regId) => tampered(regId));
    fc.assert(
      fc.property(tamperedRegId, (text) => {
        expect(openRegId(oneKey, text)).toBeUndefined();
      }),
    );
  });

  it("P7.2 of another mesh, cut, lengthened or made up are refused", () => {
    fc.assert(
      fc.property(regIdParts, fc.string({ maxLength: 100 }), (parts, text) => {
        const regId = sealRegId(oneKey, parts);
        expect(openRegId(otherMesh, regId)).toBeUndefined();
        expect(openRegId(oneKey, regId.slice(0, -1))).toBeUndefined();
        expect(openRegId(oneKey, `${regId}A`)).toBeUndefined();
        expect(openRegId(oneKey, text)).toBeUndefined();
      }),
    );
  });

  it("P7.4 of one device in two apps share nothing but the key ID", () => {
    fc.assert(
      fc.property(regIdParts, bytes(8), (parts, app) => {
        fc.pre(app.some((byte, i) => byte !== parts.app[i]));
        const [a, b] = [sealRegId(oneKey, parts), sealRegId(oneKey, { ...parts, app })];
        // Runs of six equal characters at one place have a chance of 54 · 2^-36 where they are unrelated.
        for (let at = 2; at + 6 <= a.length; at++) {
          expect(a.slice(at, at + 6)).not.toBe(b.slice(at, at + 6));
        }
      }),
    );
  });

  it("stay good after a rotation, while new ones carry the new key", () => {
    fc.assert(
      fc.property(regIdParts, (parts) => {
        const fresh = sealRegId(rotated, parts);
        expect(openRegId(rotated, sealRegId(oneKey, parts))).toEqual(parts);
        expect(openRegId(rotated, fresh)).toEqual(parts);
        expect(openRegId(oneKey, fresh)).toBeUndefined();
      }),
    );
  });
});

describe("credentials", () => {
  it("open to what was sealed; P7.2 changed, cut or foreign ones are refused", () => {
    const credentialAndTampered = credentialParts.chain((parts) => {
      const text = sealCredential(oneKey, parts);
      return fc.record({ parts: fc.constant(parts), text: fc.constant(text), bad: tampered(text) });
    });
    fc.assert(
      fc.property(credentialAndTampered, ({ parts, text, bad }) => {
        expect(text).toMatch(/^[A-Za-z0-9_-]{92}$/);
        expect(openCredential(oneKey, text)).toEqual(parts);
        expect(openCredential(rotated, text)).toEqual(parts);
        expect(openCredential(oneKey, bad)).toBeUndefined();
        expect(openCredential(otherMesh, text)).toBeUndefined();
        expect(openCredential(oneKey, text.slice(0, -4))).toBeUndefined();
      }),
    );
  });
});

describe("appIds and key IDs", () => {
  it("open to what was sealed, after a rotation too; P7.2 changed or foreign ones are refused", () => {
    const appAndTampered = bytes(8).chain((app) => {
      const appId = sealAppId(oneKey, app);
      return fc.record({ app: fc.constant(app), appId: fc.constant(appId), bad: tampered(appId) });
    });
    fc.assert(
      fc.property(appAndTampered, ({ app, appId, bad }) => {
        expect(openAppId(oneKey, appId)).toEqual(app);
        expect(openAppId(rotated, appId)).toEqual(app);
        expect(sealAppId(rotated, app)).toBe(appId);
        expect(openAppId(oneKey, bad)).toBeUndefined();
        expect(openAppId(otherMesh, appId)).toBeUndefined();
      }),
    );
  });

  it("are read back from a key ID; other forms are not", () => {
    const appId = sealAppId(oneKey, new Uint8Array(8));
    expect(parseKeyId(formatKeyId(appId, 12))).toEqual({ appId, n: 12 });
    for (const bad of [
      appId,
      `${appId}.k`,
      `${appId}.k0`,
      `${appId}.k01`,
      `${appId}.k1 `,
      ".k1",
      "",
    ]) {
      expect(parseKeyId(bad)).toBeUndefined();
    }
  });
});
