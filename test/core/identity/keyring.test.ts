import { describe, expect, it } from "vitest";
import { openAppId, sealAppId } from "../../../core/identity/app-id.ts";
import { openCredential, sealCredential } from "../../../core/identity/credential.ts";
import { type Keyring, keyringOf, parseKeyring } from "../../../core/identity/keyring.ts";
import { openRegId, sealRegId } from "../../../core/identity/reg-id.ts";
import { toBase64Url } from "../../../schema/text.ts";
import { masterText, ring } from "./fixtures.ts";

describe("MESH_KEYS", () => {
  it("lists keys newest first; the last is the root", () => {
    const keyring = ring(`255:${masterText(3)}, 0:${masterText(4)}`);
    expect([keyring.newest.kid, keyring.root.kid]).toEqual([255, 0]);
    expect(keyring.byKid(0)).toBe(keyring.root);
    expect(keyring.byKid(1)).toBeUndefined();
  });

  it.each([
    ["", "empty"],
    ["   ", "empty"],
    [masterText(1), "entry 1"],
    [`256:${masterText(1)}`, "kid 256"],
    [`-1:${masterText(1)}`, "entry 1"],
    [`1:${masterText(1)},`, "entry 2"],
    [`1:${masterText(1)},1:${masterText(2)}`, "repeats kid 1"],
    [`1:${masterText(1).slice(1)}`, "entry 1"],
    [`1:${masterText(1)}=`, "entry 1"],
    [`1:${toBase64Url(new Uint8Array(32))}`, "all zero"],
    [`1:${masterText(1)};accept`, "the last entry"],
    [`2:${masterText(2)},1:${masterText(1)};accept`, "the last entry"],
    [`2:${masterText(2)};seal,1:${masterText(1)}`, "entry 1"],
  ])("refuses %j and says why, without quoting the key", (text, reason) => {
    const answer = parseKeyring(text);
    expect(answer).toEqual(expect.stringContaining(reason));
    if (text.trim() !== "") expect(answer).not.toContain(text.slice(4, 30));
  });

  describe("P7.9 changed step by step over several processes", () => {
    const [old, next] = [`1:${masterText(1)}`, `2:${masterText(2)}`];
    const steps = [old, `${next};accept,${old}`, `${next},${old}`].map(ring);
    const parts = { deviceId: new Uint8Array(16).fill(5), app: new Uint8Array(8).fill(6) };
    /** What one process gives out, opened by another: by what is sealed, whether it opens. */
    const opens = (sealing: Keyring, opening: Keyring) => {
      const regId = sealRegId(sealing, { ...parts, generation: 1 });
      const publicKey = new Uint8Array(32).fill(7);
      const credential = sealCredential(sealing, {
        deviceId: parts.deviceId,
        generation: 1,
        publicKey,
      });
      return {
        regId: openRegId(opening, regId) !== undefined,
        credential: openCredential(opening, credential) !== undefined,
        appId: openAppId(opening, sealAppId(sealing, parts.app)) !== undefined,
      };
    };
    const ALL = { regId: true, credential: true, appId: true };

    it("what any of them seals, the others open, one step before or behind", () => {
      const pairs = steps.flatMap((step, i) => steps.slice(i, i + 2).map((other) => [step, other]));
      for (const [one, other] of pairs as [Keyring, Keyring][]) {
        expect([opens(one, other), opens(other, one)]).toEqual([ALL, ALL]);
      }
    });

    it("in one step, those that are behind open nothing that is new", () => {
      const [before, , after] = steps as [Keyring, Keyring, Keyring];
      expect(opens(after, before)).toMatchObject({ regId: false, credential: false });
    });

    it("a key that only accepts seals nothing", () => {
      expect(steps.map(({ newest }) => newest.kid)).toEqual([1, 1, 2]);
      expect(steps.map(({ root }) => root.kid)).toEqual([1, 1, 1]);
    });
  });

  it("gives every purpose and every master key a subkey of its own", () => {
    const keyring = ring(`1:${masterText(1)},2:${masterText(2)}`);
    const subkeys = keyring.all.flatMap((key) =>
      (["deviceId", "regId", "appId", "credential"] as const).map((purpose) =>
        toBase64Url(key.subkey(purpose).slice(0, 32)),
      ),
    );
    expect(new Set(subkeys).size).toBe(8);
  });

  it("is parsed once per text", () => {
    const text = `1:${masterText(1)}`;
    expect(keyringOf(text)).toBe(keyringOf(text));
    expect(keyringOf(`2:${masterText(1)}`)).not.toBe(keyringOf(text));
  });
});
