/**
 * Prints schema/vectors/encryption.json: bodies of RFC 8291 that libraries for Web Push made, and ours, which they have read.
 *
 *     npm install --prefix FOLDER web-push@3.6.7 http_ece@1.2.1 @block65/webcrypto-web-push@2.0.0
 *     node test/peers/web-push/make-vectors.mjs FOLDER > schema/vectors/encryption.json
 *
 * The libraries are no dependencies: the vectors are what a test needs of them.
 */
import { isUtf8 } from "node:buffer";
import { createECDH, randomBytes, webcrypto } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { encrypt } from "../../../sdk/rfc8291.ts";

const require = createRequire(resolve(process.argv[2] ?? ".", "package.json"));
const webPush = require("web-push");
const ece = require("http_ece");
const modules = resolve(process.argv[2] ?? ".", "node_modules");
/** Of a library, also if it does not export its package.json. */
function versionOf(name) {
  const { version } = JSON.parse(readFileSync(join(modules, name, "package.json"), "utf8"));
  return `${name} ${version}`;
}
/** An ES module with its own Web Crypto. */
const { buildPushPayload } = await import(
  pathToFileURL(join(modules, "@block65/webcrypto-web-push/dist/lib/main.js")).href
);

const { subtle } = webcrypto;
const text = (bytes) => Buffer.from(bytes).toString("base64url");

/** A receiver, with the private key of the curve. */
function receiver() {
  const pair = createECDH("prime256v1");
  pair.generateKeys();
  return { pair, publicKey: pair.getPublicKey(), auth: randomBytes(16) };
}

const PLAINTEXTS = [
  Buffer.from('{"title":"Grüße","n":12}'),
  Buffer.from("text \u{1f4a9}"),
  Buffer.from([0xff, 0, 1, 2]),
  Buffer.from("x".repeat(2_000)),
];

/** @returns the bodies that each library makes of a plaintext */
const MAKERS = [
  [
    "web-push",
    async (plaintext, { publicKey, auth }) =>
      webPush.encrypt(text(publicKey), text(auth), plaintext, "aes128gcm").cipherText,
  ],
  [
    "http_ece",
    async (plaintext, { publicKey, auth }) => {
      const sender = createECDH("prime256v1");
      sender.generateKeys();
      return ece.encrypt(plaintext, {
        version: "aes128gcm",
        dh: publicKey,
        privateKey: sender,
        authSecret: auth,
        salt: randomBytes(16),
      });
    },
  ],
  [
    "@block65/webcrypto-web-push",
    async (plaintext, { publicKey, auth }) => {
      const keys = { p256dh: text(publicKey), auth: text(auth) };
      const subscription = { endpoint: "https://push.example.com/x", expirationTime: null, keys };
      const { publicKey: vapidKey, privateKey } = webPush.generateVAPIDKeys();
      const vapid = { subject: "mailto:a@example.com", publicKey: vapidKey, privateKey };
      const { body } = await buildPushPayload({ data: plaintext.toString() }, subscription, vapid);
      return Buffer.from(body);
    },
  ],
];

const messages = [];
for (const [name, make] of MAKERS) {
  for (const plaintext of PLAINTEXTS) {
    const to = receiver();
    // This one encrypts text only.
    if (name.startsWith("@block65") && !isUtf8(plaintext)) continue;
    const body = await make(plaintext, to);
    const opened = ece.decrypt(Buffer.from(body), {
      version: "aes128gcm",
      privateKey: to.pair,
      authSecret: to.auth,
    });
    messages.push({
      madeBy: versionOf(name),
      privateKey: text(to.pair.getPrivateKey()),
      publicKey: text(to.publicKey),
      auth: text(to.auth),
      plaintext: text(opened),
      body: text(body),
    });
  }
}

const CURVE = { name: "ECDH", namedCurve: "P-256" };
for (const plaintext of PLAINTEXTS) {
  const to = receiver();
  const sender = await subtle.generateKey(CURVE, true, ["deriveBits"]);
  const senderPublic = new Uint8Array(await subtle.exportKey("raw", sender.publicKey));
  const salt = new Uint8Array(randomBytes(16));
  const key = { publicKey: new Uint8Array(to.publicKey), auth: new Uint8Array(to.auth) };
  const own = { privateKey: sender.privateKey, publicKey: senderPublic };
  const body = await encrypt(subtle, key, plaintext, own, salt);
  const readBy = { version: "aes128gcm", privateKey: to.pair, authSecret: to.auth };
  if (!ece.decrypt(Buffer.from(body), readBy).equals(plaintext)) throw new Error("not read");
  messages.push({
    madeBy: "pushmesh",
    readBy: versionOf("http_ece"),
    senderPrivateKey: (await subtle.exportKey("jwk", sender.privateKey)).d,
    senderPublicKey: text(senderPublic),
    salt: text(salt),
    privateKey: text(to.pair.getPrivateKey()),
    publicKey: text(to.publicKey),
    auth: text(to.auth),
    plaintext: text(plaintext),
    body: text(body),
  });
}
const lines = messages.map((message) => `  ${JSON.stringify(message)}`);
console.log(`[\n${lines.join(",\n")}\n]`);
