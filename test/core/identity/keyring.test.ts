import { describe, expect, it } from "vitest";
import { keyringOf, parseKeyring } from "../../../core/identity/keyring.ts";
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
  ])("refuses %j and says why, without quoting the key", (text, reason) => {
    const answer = parseKeyring(text);
    expect(answer).toEqual(expect.stringContaining(reason));
    if (text.trim() !== "") expect(answer).not.toContain(text.slice(4, 30));
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
