import fc from "fast-check";
import { compactVerify, exportJWK, generateKeyPair, SignJWT } from "jose";
import { describe, expect, it } from "vitest";
import { isSmallOrder } from "../../../core/identity/ed25519.ts";
import { readJws } from "../../../core/identity/jws.ts";
import { fromBase64Url, toBase64Url } from "../../../schema/text.ts";
import { webCrypto } from "../../../worker/signature/crypto.ts";
import { verifyJws } from "../../../worker/tokens/jws.ts";

const { publicKey, privateKey } = await generateKeyPair("EdDSA", { crv: "Ed25519" });
const raw = fromBase64Url((await exportJWK(publicKey)).x ?? "") ?? new Uint8Array();
const token = await new SignJWT({ cred: "é", n: 1 })
  .setProtectedHeader({ alg: "EdDSA", typ: "t" })
  .sign(privateKey);
const utf8 = new TextEncoder();

const ours = async (text: string) => {
  const jws = readJws(text);
  await verifyJws(jws, raw, webCrypto);
  return jws;
};
const theirs = (text: string) => compactVerify(text, publicKey, { algorithms: ["EdDSA"] });

/** The token with another header, signed anew. */
async function withHeader(header: unknown): Promise<string> {
  const head = toBase64Url(utf8.encode(JSON.stringify(header)));
  const signed = `${head}.${token.split(".")[1]}`;
  const signature = await crypto.subtle.sign("Ed25519", privateKey, utf8.encode(signed));
  return `${signed}.${toBase64Url(new Uint8Array(signature))}`;
}

describe("P7.2 a token of a device", () => {
  it("is read as jose reads it", async () => {
    const { payload, header } = await ours(token);
    const known = await theirs(token);
    expect(payload).toEqual(JSON.parse(new TextDecoder().decode(known.payload)));
    expect(header).toEqual(known.protectedHeader);
  });

  it.each([
    ["none", { alg: "none" }],
    ["HS256", { alg: "HS256" }],
    ["no algorithm", {}],
    ["a critical extension", { alg: "EdDSA", crit: ["b64"], b64: true }],
    ["an empty list of critical extensions", { alg: "EdDSA", crit: [] }],
    ["a list for a header", ["EdDSA"]],
    ["null for a header", null],
  ])("is refused by %s", async (_, header) => {
    await expect(ours(await withHeader(header))).rejects.toThrow();
  });

  it("is refused, whatever one character of it is changed to", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(token.length - 1),
        fc.constantFrom(..."AZaz09-_.=+/ é"),
        async (at, character) => {
          const changed = token.slice(0, at) + character + token.slice(at + 1);
          if (changed === token) return;
          await expect(ours(changed)).rejects.toThrow();
        },
      ),
    );
  });

  it.each(["", ".", "..", "a.b", `${token}.`, `.${token}`, `${token}=`, ` ${token}`])(
    "is refused as %j",
    async (text) => {
      await expect(ours(text)).rejects.toThrow();
      await expect(theirs(text)).rejects.toThrow();
    },
  );

  it("is refused where its key is no point of the curve", async () => {
    await expect(verifyJws(readJws(token), raw.slice(1), webCrypto)).rejects.toThrow("Ed25519");
  });
});

describe("P7.2 a key of small order", () => {
  const bytes = (...first: number[]) => Uint8Array.from({ length: 32 }, (_, i) => first[i] ?? 0);
  /** R and S of a signature that the neutral element verifies over every text: 0 = 0 + k·0. */
  const anything = new Uint8Array([...bytes(1), ...bytes()]);

  it("verifies anything by Web Crypto, and nothing here", async () => {
    const neutral = bytes(1);
    const verify = await webCrypto.verifier("ed25519", neutral);
    expect(await verify(utf8.encode("what nobody signed"), anything)).toBe(true);
    const jws = { ...readJws(token), signature: anything };
    await expect(verifyJws(jws, neutral, webCrypto)).rejects.toThrow("small order");
  });

  it("is known by either sign and either encoding, and no other key is taken for one", async () => {
    const signed = (y: Uint8Array) => y.map((byte, i) => (i === 31 ? byte | 0x80 : byte));
    const p = (low: number) =>
      Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? low : i === 31 ? 0x7f : 0xff));
    const small = [bytes(), bytes(1), p(0xec), p(0xed), p(0xee)];
    for (const y of small.flatMap((each) => [each, signed(each)])) {
      expect([y, isSmallOrder(y)]).toEqual([y, true]);
    }
    for (const y of [bytes(2), bytes(0, 1), p(0xeb), raw]) expect(isSmallOrder(y)).toBe(false);
  });
});
