/** S30: what libraries for Web Push encrypted is read, and ours is what one of them has read (schema/vectors/README.md). */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import {
  bodyOfData,
  dataOfBody,
  ENCRYPTED_MARK,
  isEncryptedBody,
} from "../../../schema/encrypted.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { fromBase64Url, toBase64Url } from "../../../schema/text.ts";
import { contentOfPlaintext } from "../../../sdk/device/encryption/content.ts";
import { CURVE, decrypt, encrypt } from "../../../sdk/rfc8291.ts";

interface Vector {
  readonly madeBy: string;
  readonly privateKey: string;
  readonly publicKey: string;
  readonly auth: string;
  readonly plaintext: string;
  readonly body: string;
  /** Of ours. */
  readonly senderPrivateKey?: string;
  readonly senderPublicKey?: string;
  readonly salt?: string;
}

const { subtle } = crypto;
const path = new URL("../../../schema/vectors/encryption.json", import.meta.url);
const vectors = JSON.parse(readFileSync(path, "utf8")) as Vector[];
const named = vectors.map((vector) => {
  const bytes = Buffer.from(vector.plaintext, "base64url").length;
  return [`${bytes} bytes by ${vector.madeBy}`, vector] as const;
});

const bytes = (text = "") => Uint8Array.from(fromBase64Url(text) ?? []);

function importPrivate(d: string, publicKey: string) {
  const point = bytes(publicKey);
  const x = toBase64Url(point.subarray(1, 33));
  const y = toBase64Url(point.subarray(33));
  const jwk = { kty: "EC", crv: "P-256", d, x, y };
  return subtle.importKey("jwk", jwk, CURVE, false, ["deriveBits"]);
}

test("S30 the vectors are of three libraries and of ours", () => {
  const makers = new Set(vectors.map(({ madeBy }) => madeBy.replace(/ [\d.]+$/, "")));
  expect([...makers]).toEqual(["web-push", "http_ece", "@block65/webcrypto-web-push", "pushmesh"]);
});

test.each(named)("S30 %s are read, also in the form of the link", async (_, vector) => {
  const receiver = { publicKey: bytes(vector.publicKey), auth: bytes(vector.auth) };
  const privateKey = await importPrivate(vector.privateKey, vector.publicKey);
  const body = bytes(vector.body);
  expect(isEncryptedBody(body)).toBe(true);
  const data = dataOfBody(body);
  expect(data[0]).toBe(ENCRYPTED_MARK);
  expect(data.length).toBe(body.length);
  expect(data.length).toBeLessThanOrEqual(LIMITS.DATA_BYTES);
  const carried = bodyOfData(data) ?? new Uint8Array();
  expect(toBase64Url(carried)).toBe(vector.body);
  const plaintext = await decrypt(subtle, receiver, privateKey, carried);
  expect(toBase64Url(plaintext)).toBe(vector.plaintext);
});

test.each(named.filter(([, { salt }]) => salt !== undefined))(
  "S30 %s are what http_ece has read",
  async (_, vector) => {
    const { senderPrivateKey = "", senderPublicKey = "" } = vector;
    const sender = {
      privateKey: await importPrivate(senderPrivateKey, senderPublicKey),
      publicKey: bytes(senderPublicKey),
    };
    const receiver = { publicKey: bytes(vector.publicKey), auth: bytes(vector.auth) };
    const plaintext = bytes(vector.plaintext);
    const body = await encrypt(subtle, receiver, plaintext, sender, bytes(vector.salt));
    expect(toBase64Url(body)).toBe(vector.body);
  },
);

test.each([
  ["an object of a library", '{"a":1}', { data: { a: 1 }, json: '{"a":1}' }],
  ["a list of a library, which is text", "[1]", { data: "[1]" }],
  ["text of a library", "hello", { data: "hello" }],
  ["nothing", "", { data: "" }],
  ["an object", '\u0001{"a":1}', { data: { a: 1 }, json: '{"a":1}' }],
  ["text that looks like an object", '\u0002{"a":1}', { data: '{"a":1}' }],
  ["empty text", "\u0002", { data: "" }],
  ["bytes", "\u0003\u0000a", { data: Uint8Array.of(0, 97) }],
])("S30 a plaintext of %s is what its sender gave", (_, text, content) => {
  expect(contentOfPlaintext(new TextEncoder().encode(text))).toEqual(content);
});

test("S30 bytes of a library that are no text are bytes, and an object that is none is refused", () => {
  expect(contentOfPlaintext(Uint8Array.of(0xff, 0))).toEqual({ data: Uint8Array.of(0xff, 0) });
  for (const text of ["\u0001[1]", "\u0001null", "\u0001{"]) {
    expect(() => contentOfPlaintext(new TextEncoder().encode(text))).toThrow();
  }
  expect(() => contentOfPlaintext(Uint8Array.of(2, 0xff))).toThrow();
});

test("S33 data that is too short to be encrypted is not", () => {
  for (const length of [0, 1, 20]) {
    expect(bodyOfData(new Uint8Array(length).fill(ENCRYPTED_MARK))).toBeUndefined();
  }
});
