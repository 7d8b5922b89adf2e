/** Messages of RFC 8291 as a device reads them: what was changed is never shown. */
import { randomBytes, webcrypto } from "node:crypto";
import { bodyOfData, dataOfBody, isEncryptedBody } from "../../../schema/encrypted.ts";
import { contentOfPlaintext } from "../../../sdk/device/encryption/content.ts";
import { CURVE, decrypt, encrypt } from "../../../sdk/rfc8291.ts";
import type { Random } from "../../chaos/random.ts";
import { mutateBytes, someBytes } from "../mutate/bytes.ts";
import { type Probe, promise, type Target } from "../target.ts";

const subtle = webcrypto.subtle as never;

async function keys() {
  const pair = await webcrypto.subtle.generateKey(CURVE, true, ["deriveBits"]);
  const raw = new Uint8Array(await webcrypto.subtle.exportKey("raw", pair.publicKey));
  return { pair, raw };
}

/** A plaintext that does not have the form that it says is an error of two kinds. */
function showJunk(random: Random): void {
  try {
    contentOfPlaintext(someBytes(random, random.between(0, 20)));
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof SyntaxError)) throw error;
  }
}

async function open(): Promise<Probe> {
  const [receiver, sender] = [await keys(), await keys()];
  const auth = new Uint8Array(randomBytes(16));
  const to = { publicKey: receiver.raw, auth };
  const from = { privateKey: sender.pair.privateKey as never, publicKey: sender.raw };
  const bodies = await Promise.all(
    ["", "x", JSON.stringify({ a: "é" }), "y".repeat(3_000)].map(async (text) => {
      const plaintext = new TextEncoder().encode(text);
      const salt = new Uint8Array(randomBytes(16));
      return await encrypt(subtle, to, plaintext, from, salt);
    }),
  );
  const wholes = new Set(bodies.map((body) => Buffer.from(body).toString("hex")));
  return {
    async attempt(random: Random) {
      const [first, ...rest] = bodies;
      if (first === undefined) return false;
      const changed = mutateBytes(
        random.pick([first, ...rest]),
        random,
        random.pick([first, ...rest]),
      );
      if (isEncryptedBody(changed)) {
        const again = bodyOfData(dataOfBody(changed));
        promise(again !== undefined && Buffer.from(again).equals(changed), () => "a body changes");
      }
      bodyOfData(changed);
      showJunk(random);
      let plaintext: Uint8Array;
      try {
        plaintext = await decrypt(subtle, to, receiver.pair.privateKey as never, changed);
      } catch (error) {
        // By Web Crypto where the key or the seal is wrong.
        if (error instanceof Error || error instanceof DOMException) return false;
        throw error;
      }
      const hex = Buffer.from(changed).toString("hex");
      // The record size of the header is not sealed: RFC 8188 has it for the reader alone.
      const isWhole = [...wholes].some(
        (whole) => whole.slice(0, 32) === hex.slice(0, 32) && whole.slice(40) === hex.slice(40),
      );
      promise(isWhole, () => `${hex} was shown as ${plaintext.length} bytes`);
      return true;
    },
  };
}

export const encrypted: Target = { name: "encrypted", share: 2, open };
