import { describe, expect, test } from "vitest";
import { HEADER_BYTES, OVERHEAD_BYTES } from "../../../schema/encrypted.ts";
import { fromBase64Url, toBase64Url } from "../../../schema/text.ts";
import { CURVE, concat, decrypt, encrypt } from "../../../sdk/rfc8291.ts";

const { subtle } = crypto;
const bytes = (text: string) => Uint8Array.from(fromBase64Url(text) ?? []);

/** RFC 8291, section 5 and appendix A. */
const EXAMPLE = {
  plaintext: "V2hlbiBJIGdyb3cgdXAsIEkgd2FudCB0byBiZSBhIHdhdGVybWVsb24",
  senderPublic:
    "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8",
  senderPrivate: "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw",
  receiverPublic:
    "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
  receiverPrivate: "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94",
  salt: "DGv6ra1nlYgDCS1FRnbzlw",
  auth: "BTBZMqHH6r4Tts7J_aSIgg",
  body: "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN",
};

function privateKey(d: string, publicKey: string) {
  const point = bytes(publicKey);
  const x = toBase64Url(point.subarray(1, 33));
  const y = toBase64Url(point.subarray(33));
  const jwk = { kty: "EC", crv: "P-256", d, x, y };
  return subtle.importKey("jwk", jwk, CURVE, false, ["deriveBits"]);
}

const receiver = { publicKey: bytes(EXAMPLE.receiverPublic), auth: bytes(EXAMPLE.auth) };
const open = async (body: Uint8Array, to = receiver) => {
  const key = await privateKey(EXAMPLE.receiverPrivate, EXAMPLE.receiverPublic);
  return toBase64Url(await decrypt(subtle, to, key, body));
};
const sender = async () => ({
  privateKey: await privateKey(EXAMPLE.senderPrivate, EXAMPLE.senderPublic),
  publicKey: bytes(EXAMPLE.senderPublic),
});
const body = () => bytes(EXAMPLE.body);

describe("S30 the example of RFC 8291", () => {
  test("S30 is encrypted to the bytes of the appendix", async () => {
    const made = await encrypt(
      subtle,
      receiver,
      bytes(EXAMPLE.plaintext),
      await sender(),
      bytes(EXAMPLE.salt),
    );
    expect(toBase64Url(made)).toBe(EXAMPLE.body);
    expect(made.length).toBe(bytes(EXAMPLE.plaintext).length + OVERHEAD_BYTES);
  });

  test("S30 is decrypted, also from the middle of a larger frame", async () => {
    expect(await open(body())).toBe(EXAMPLE.plaintext);
    const frame = concat([9, 9, 9], body(), [9]);
    expect(await open(frame.subarray(3, -1))).toBe(EXAMPLE.plaintext);
  });
});

describe("S33 a body that was altered", () => {
  test("S33 does not decrypt, whichever of its bytes it is", async () => {
    const at = [0, 15, 16, 20, 21, 22, 60, HEADER_BYTES, body().length - 17, body().length - 1];
    for (const index of at) {
      const altered = body();
      altered[index] = (altered[index] ?? 0) ^ 1;
      // The size of a record is not authenticated: only that the record fits counts.
      if (index === 16) altered[index] = 0x80;
      if (index === 16) expect(await open(altered)).toBe(EXAMPLE.plaintext);
      else await expect(open(altered), `byte ${index}`).rejects.toThrow();
    }
  });

  test.each([
    ["nothing", new Uint8Array()],
    ["a header alone", body().subarray(0, HEADER_BYTES)],
    ["a byte less", body().subarray(0, -1)],
    ["a byte more", concat(body(), [0])],
    [
      "a sender that is no point",
      concat(body().subarray(0, 22), new Uint8Array(64).fill(1), body().subarray(86)),
    ],
    [
      "a record too small for a tag",
      concat(body().subarray(0, 16), [0, 0, 0, 17], body().subarray(20)),
    ],
    ["several records", concat(body().subarray(0, 16), [0, 0, 0, 20], body().subarray(20))],
  ])("S33 to %s does not decrypt", async (_, altered) => {
    await expect(open(altered)).rejects.toThrow();
  });

  test("S33 nor with another secret", async () => {
    await expect(open(body(), { ...receiver, auth: bytes(EXAMPLE.salt) })).rejects.toThrow();
  });
});

/** Seals a record of any plaintext, with the delimiter that it ends with. */
async function sealRecord(record: Uint8Array): Promise<Uint8Array> {
  const { privateKey: key } = await sender();
  const peer = await subtle.importKey("raw", receiver.publicKey, CURVE, true, []);
  const shared = await subtle.deriveBits({ name: "ECDH", public: peer }, key, 256);
  const text = (value: string) => new TextEncoder().encode(`${value}\0`);
  const derive = async (secret: BufferSource, salt: BufferSource, info: BufferSource, n: number) =>
    subtle.deriveBits(
      { name: "HKDF", hash: "SHA-256", salt, info },
      await subtle.importKey("raw", secret, "HKDF", false, ["deriveBits"]),
      n * 8,
    );
  const info = concat(text("WebPush: info"), receiver.publicKey, bytes(EXAMPLE.senderPublic));
  const secret = await derive(shared, receiver.auth, info, 32);
  const salt = bytes(EXAMPLE.salt);
  const content = await derive(secret, salt, text("Content-Encoding: aes128gcm"), 16);
  const iv = await derive(secret, salt, text("Content-Encoding: nonce"), 12);
  const aes = await subtle.importKey("raw", content, "AES-GCM", false, ["encrypt"]);
  const sealed = await subtle.encrypt({ name: "AES-GCM", iv }, aes, Uint8Array.from(record));
  return concat(body().subarray(0, HEADER_BYTES), new Uint8Array(sealed));
}

test("S30 padding is taken off, and an empty plaintext is one", async () => {
  expect(await open(await sealRecord(Uint8Array.of(1, 0, 7, 2, 0, 0, 0)))).toBe("AQAH");
  expect(await open(await sealRecord(Uint8Array.of(2)))).toBe("");
});

test("S33 a record that is not the last, or has no end, does not decrypt", async () => {
  for (const record of [[7, 1], [7, 1, 0, 0], [0, 0, 0], []]) {
    await expect(open(await sealRecord(Uint8Array.from(record)))).rejects.toThrow("RFC 8291");
  }
});
