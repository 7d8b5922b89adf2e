/**
 * AES-SIV (RFC 5297) with one key and one piece of associated data, for plaintexts of a block or more.
 *
 * The library's `aessiv` expands its keys and the associated data anew with each call, which was more than half of opening a
 * regId, and every send opens one. Here that is done once; the block cipher stays the library's.
 */
import { unsafe } from "@noble/ciphers/aes.js";
import { equalBytes } from "./mac.ts";

const { ctrCounter, dbl, encryptBlock, expandKeyLE, xorBlock, xorend } = unsafe;

const BLOCK_BYTES = 16;

/** The synthetic IV as the first counter: two of its bits are cleared (RFC 5297 §2.5). */
function firstCounter(iv: Uint8Array): Uint8Array {
  const counter = iv.slice();
  counter[8] = (counter[8] ?? 0) & 0x7f;
  counter[12] = (counter[12] ?? 0) & 0x7f;
  return counter;
}

export class Siv {
  readonly #macKey: Uint32Array;
  readonly #ctrKey: Uint32Array;
  /** CMAC's two subkeys (RFC 4493 §2.3). */
  readonly #whole: Uint8Array;
  readonly #padded: Uint8Array;
  /** S2V of everything before the plaintext. */
  readonly #prefix: Uint8Array;

  /** @param key 64 bytes, of which each half is an AES-256 key */
  constructor(key: Uint8Array, associatedData: Uint8Array) {
    this.#macKey = expandKeyLE(key.subarray(0, key.length / 2));
    this.#ctrKey = expandKeyLE(key.subarray(key.length / 2));
    this.#whole = dbl(encryptBlock(this.#macKey, new Uint8Array(BLOCK_BYTES)));
    this.#padded = dbl(this.#whole.slice());
    const zero = this.#cmac(new Uint8Array(BLOCK_BYTES));
    this.#prefix = xorBlock(dbl(zero), this.#cmac(associatedData));
  }

  /** The synthetic IV, which is the tag too, and then the ciphertext: 16 bytes more than `plain`. */
  encrypt(plain: Uint8Array): Uint8Array {
    const iv = this.#s2v(plain);
    const sealed = new Uint8Array(BLOCK_BYTES + plain.length);
    sealed.set(iv);
    sealed.set(ctrCounter(this.#ctrKey, firstCounter(iv), plain.slice()), BLOCK_BYTES);
    return sealed;
  }

  /** The plaintext; undefined where the tag does not match. */
  decrypt(sealed: Uint8Array): Uint8Array | undefined {
    if (sealed.length < 2 * BLOCK_BYTES) return undefined;
    const iv = sealed.slice(0, BLOCK_BYTES);
    // Copies: the library reads 32-bit words, which must be aligned.
    const plain = ctrCounter(this.#ctrKey, firstCounter(iv), sealed.slice(BLOCK_BYTES));
    return equalBytes(this.#s2v(plain), iv) ? plain : undefined;
  }

  #s2v(plain: Uint8Array): Uint8Array {
    if (plain.length < BLOCK_BYTES) throw new RangeError(`${plain.length} bytes; at least a block`);
    return this.#cmac(xorend(plain.slice(), this.#prefix));
  }

  /** AES-CMAC (RFC 4493). */
  #cmac(message: Uint8Array): Uint8Array {
    const block = new Uint8Array(BLOCK_BYTES);
    let at = 0;
    for (; at + BLOCK_BYTES < message.length; at += BLOCK_BYTES) {
      xorInto(block, message, at, BLOCK_BYTES);
      encryptBlock(this.#macKey, block);
    }
    const rest = message.length - at;
    xorInto(block, message, at, rest);
    if (rest < BLOCK_BYTES) block[rest] = (block[rest] ?? 0) ^ 0x80;
    xorBlock(block, rest === BLOCK_BYTES ? this.#whole : this.#padded);
    return encryptBlock(this.#macKey, block);
  }
}

function xorInto(block: Uint8Array, message: Uint8Array, at: number, count: number): void {
  for (let i = 0; i < count; i++) block[i] = (block[i] ?? 0) ^ (message[at + i] ?? 0);
}
