/** HPKE of the mesh, against the vectors of RFC 9180 and another implementation. */
import { createHash } from "node:crypto";
import { Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from "@hpke/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hpkeKeysOf, hpkeRecipient } from "../../../core/identity/hpke.ts";
import { agreedKey, publicLinkKeys } from "../../../core/identity/link-keys.ts";
import { EPOCH_CONTEXT, linkInfo } from "../../../schema/hpke.ts";
import { bytes, masterText, oneKey, otherMesh, ring, rotated } from "./fixtures.ts";

const suite = new CipherSuite({
  kem: new DhkemX25519HkdfSha256(),
  kdf: new HkdfSha256(),
  aead: new Aes256Gcm(),
});
const utf8 = new TextEncoder();
const hex = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(Buffer.from(text, "hex"));
const plain = (buffer: ArrayBuffer): Uint8Array<ArrayBuffer> => new Uint8Array(buffer);

/** RFC 9180's test vector of this suite in base mode; `exports` as Go's crypto/hpke accumulates its own 1,000 exports. */
const VECTOR = {
  info: hex("4f6465206f6e2061204772656369616e2055726e"),
  ikmE: hex("2cd7c601cefb3d42a62b04b7a9041494c06c7843818e0ce28a8f704ae7ab20f9"),
  skRm: hex("497b4502664cfea5d5af0b39934dac72242a74f8480451e1aee7d6a53320333d"),
  pkRm: hex("430f4b9859665145a6b1ba274024487bd66f03a2dd577d7753c68d7d7d00c00c"),
  enc: hex("6c93e09869df3402d7bf231bf540fadd35cd56be14f97178f0954db94b7fc256"),
  exports: "5cb678bf1c52afbd9afb58b8f7c1ced3",
};

/** What SHAKE128 of nothing gives, as a stream. */
function inputs(): () => Uint8Array {
  const stream = createHash("shake128", { outputLength: 300_000 }).digest();
  let at = 0;
  return () => {
    const length = stream[at] ?? 0;
    const input = stream.subarray(at + 1, at + 1 + length);
    at += 1 + length;
    return Uint8Array.from(input);
  };
}

describe("HPKE", () => {
  it("is that of RFC 9180", () => {
    const keys = hpkeKeysOf(VECTOR.skRm);
    expect(keys.publicKey).toEqual(VECTOR.pkRm);
    const context = hpkeRecipient(VECTOR.enc, keys, VECTOR.info);
    const next = inputs();
    const exported = createHash("shake128", { outputLength: 16 });
    for (let length = 0; length < 1_000; length++) {
      const exporter = next();
      if (length > 0) exported.update(context?.export(exporter, length) ?? "");
    }
    expect(exported.digest("hex")).toBe(VECTOR.exports);
  });

  it("opens what another implementation seals with the vector's sender", async () => {
    const recipientPublicKey = await suite.kem.deserializePublicKey(VECTOR.pkRm);
    const ekm = await suite.kem.deriveKeyPair(VECTOR.ikmE.buffer);
    const sender = await suite.createSenderContext({ recipientPublicKey, ekm, info: VECTOR.info });
    expect(plain(sender.enc)).toEqual(VECTOR.enc);
    const aad = utf8.encode("Count-0");
    const sealed = plain(await sender.seal(utf8.encode("Beauty is truth"), aad));
    const context = hpkeRecipient(VECTOR.enc, hpkeKeysOf(VECTOR.skRm), VECTOR.info);
    expect(context?.openFirst(aad, sealed)).toEqual(utf8.encode("Beauty is truth"));
    expect(context?.openFirst(utf8.encode("Count-1"), sealed)).toBeNull();
    for (let at = 0; at < sealed.length; at++) {
      expect(context?.openFirst(aad, sealed.with(at, (sealed[at] ?? 0) ^ 1))).toBeNull();
    }
    for (let length = 0; length < sealed.length; length++) {
      expect(context?.openFirst(aad, sealed.slice(0, length))).toBeNull();
    }
    // Only the first message has this nonce.
    const second = plain(await sender.seal(utf8.encode("Beauty is truth"), aad));
    expect(context?.openFirst(aad, second)).toBeNull();
  });

  it("agrees with another implementation on any keys", async () => {
    await fc.assert(
      fc.asyncProperty(bytes(32), bytes(32), fc.string(), async (secret, ikm, info) => {
        const keys = hpkeKeysOf(secret);
        const recipientPublicKey = await suite.kem.deserializePublicKey(
          Uint8Array.from(keys.publicKey),
        );
        const ekm = await suite.kem.deriveKeyPair(Uint8Array.from(ikm).buffer);
        const sender = await suite.createSenderContext({
          recipientPublicKey,
          ekm,
          info: utf8.encode(info),
        });
        const context = hpkeRecipient(plain(sender.enc), keys, info);
        const exported = await sender.export(utf8.encode("x"), 32);
        expect(context?.export("x", 32)).toEqual(plain(exported));
        const sealed = plain(await sender.seal(utf8.encode("grant"), new Uint8Array()));
        expect(context?.openFirst(new Uint8Array(), sealed)).toEqual(utf8.encode("grant"));
      }),
      { numRuns: 20 },
    );
  });

  it("P7 takes no key of another length, and none of small order", () => {
    const keys = hpkeKeysOf(VECTOR.skRm);
    for (const length of [0, 31, 33]) {
      expect(hpkeRecipient(new Uint8Array(length), keys, "")).toBeNull();
    }
    const small = [
      "0000000000000000000000000000000000000000000000000000000000000000",
      "0100000000000000000000000000000000000000000000000000000000000000",
      "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
      "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
      "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ];
    for (const point of small) expect(hpkeRecipient(hex(point), keys, "")).toBeNull();
  });
});

describe("the keys of the link", () => {
  it("are those of all mesh keys, the one to use first", () => {
    expect(publicLinkKeys(oneKey).map(({ kid }) => kid)).toEqual([7]);
    expect(publicLinkKeys(rotated).map(({ kid }) => kid)).toEqual([8, 7]);
    const accepting = ring(`9:${masterText(80)};accept,8:${masterText(50)},7:${masterText(1)}`);
    expect(publicLinkKeys(accepting).map(({ kid }) => kid)).toEqual([8, 9, 7]);
    // Those of a key stay the same.
    expect(publicLinkKeys(rotated)[1]).toEqual(publicLinkKeys(oneKey)[0]);
    expect(publicLinkKeys(otherMesh)[0]?.publicKey).not.toEqual(
      publicLinkKeys(oneKey)[0]?.publicKey,
    );
  });

  it("agree with an app on a secret and its grant", async () => {
    const [used] = publicLinkKeys(rotated);
    const recipientPublicKey = await suite.kem.deserializePublicKey(
      Uint8Array.from(used?.publicKey ?? []),
    );
    const info = utf8.encode(linkInfo("app_1"));
    const sender = await suite.createSenderContext({ recipientPublicKey, info });
    const setup = { kid: 8, enc: plain(sender.enc) };
    const grant = plain(await sender.seal(utf8.encode("a.b.c"), new Uint8Array()));
    const secret = plain(await sender.export(utf8.encode(EPOCH_CONTEXT), 32));
    const agreed = agreedKey(rotated, setup, "app_1");
    expect(agreed).toMatchObject({ secret });
    if (agreed === null) return;
    expect(agreed.openGrant(grant)).toBe("a.b.c");
    expect(agreed.openGrant(grant.with(0, (grant[0] ?? 0) ^ 1))).toBeNull();
    // Another app, another mesh, another key.
    for (const other of [
      agreedKey(rotated, setup, "app_2"),
      agreedKey(rotated, { ...setup, kid: 7 }, "app_1"),
      agreedKey(ring(`8:${masterText(9)}`), setup, "app_1"),
    ]) {
      if (other === null) throw new Error("no key");
      expect(other.secret).not.toEqual(secret);
      expect(other.openGrant(grant)).toBeNull();
    }
    expect(agreedKey(oneKey, setup, "app_1")).toBeNull();
    expect(agreedKey(rotated, { ...setup, enc: new Uint8Array(31) }, "app_1")).toBeNull();
  });
});
