/** The sender of HPKE against vectors of others, and another implementation as the recipient. */
import { Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from "@hpke/core";
import { expect, test } from "vitest";
import { EPOCH_CONTEXT, linkInfo } from "../../../../schema/hpke.ts";
import type { NativeKeyPair } from "../../../../sdk/crypto-types.ts";
import { setupSender, X25519 } from "../../../../sdk/device/client/sealing/hpke.ts";

const { subtle } = crypto;
const bytes = (hex: string) => new Uint8Array(Buffer.from(hex, "hex"));
const hex = (value: Uint8Array | ArrayBuffer) => Buffer.from(value as Uint8Array).toString("hex");
const utf8 = (text: string) => new Uint8Array(new TextEncoder().encode(text));

const newPair = () =>
  subtle.generateKey(X25519, true, ["deriveBits"]) as unknown as Promise<NativeKeyPair>;

/** The pair of a raw private key, in PKCS #8 as RFC 8410 has it. */
async function pairOf(secret: Uint8Array): Promise<NativeKeyPair> {
  const pkcs8 = new Uint8Array([...bytes("302e020100300506032b656e04220420"), ...secret]);
  const privateKey = await subtle.importKey("pkcs8", pkcs8, X25519, true, ["deriveBits"]);
  const { x = "" } = await subtle.exportKey("jwk", privateKey);
  const raw = new Uint8Array(Buffer.from(x, "base64url"));
  return { privateKey, publicKey: await subtle.importKey("raw", raw, X25519, true, []) };
}

test("S25 HPKE seals as the vector of BoringSSL for this suite has it", async () => {
  // aead_id 2; RFC 9180 has none for it. Its associated data is "Count-0" where ours is empty, which changes the tag alone.
  const recipient = bytes("ac66bae9ffa270cf4a89ed9f274e30c0456babae2572aaaf002ff0d8884ab018");
  const ephemeral = bytes("28e212563a8b6f068af7ff17400ff1baf23612b7a738bbaf5dfb321b2b5b431a");
  const plaintext = bytes("4265617574792069732074727574682c20747275746820626561757479");
  const sealed =
    "23ded2d5d90ea89d975dac4792b297240f194952d7421aacbff0474100052b6bb8aa58d18ef6c42b6960e2e28f";
  const pair = await pairOf(ephemeral);
  const context = await setupSender(subtle, recipient, "Ode on a Grecian Urn", pair);
  const own = hex(await context.sealFirst(plaintext));
  expect(own).toHaveLength(sealed.length);
  expect(own.slice(0, -32)).toBe(sealed.slice(0, -32));
});

test("S25 another implementation opens the grant and exports the same secret", async () => {
  const suite = new CipherSuite({
    kem: new DhkemX25519HkdfSha256(),
    kdf: new HkdfSha256(),
    aead: new Aes256Gcm(),
  });
  const mesh = await suite.kem.generateKeyPair();
  const publicKey = new Uint8Array(await suite.kem.serializePublicKey(mesh.publicKey));
  for (const appId of ["a", "A".repeat(22), "ü"]) {
    const info = utf8(linkInfo(appId));
    const context = await setupSender(subtle, publicKey, linkInfo(appId), await newPair());
    const recipient = await suite.createRecipientContext({
      recipientKey: mesh.privateKey,
      enc: context.enc,
      info,
    });
    const grant = utf8(`grant of ${appId}`);
    expect(hex(await recipient.open(await context.sealFirst(grant)))).toBe(hex(grant));
    const secret = await context.exported(EPOCH_CONTEXT);
    expect(secret).toHaveLength(32);
    expect(hex(await recipient.export(utf8(EPOCH_CONTEXT), 32))).toBe(hex(secret));
    // Of another app, nothing opens and the secret is another.
    const stranger = await suite.createRecipientContext({
      recipientKey: mesh.privateKey,
      enc: context.enc,
      info: utf8(linkInfo(`${appId}b`)),
    });
    await expect(stranger.open(await context.sealFirst(grant))).rejects.toThrow();
    expect(hex(await stranger.export(utf8(EPOCH_CONTEXT), 32))).not.toBe(hex(secret));
  }
});

test.each([
  ["zeros", "00".repeat(32)],
  ["a point of low order", `01${"00".repeat(31)}`],
  ["31 bytes", "09".repeat(31)],
])("S26 a key of the mesh of %s gives no context", async (_, key) => {
  const setup = setupSender(subtle, bytes(key), "", await newPair());
  await expect(setup).rejects.toThrow();
});
