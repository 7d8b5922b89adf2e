/** Keyrings and generators that the identity tests share. */
import fc from "fast-check";
import { type Keyring, parseKeyring } from "../../../core/identity/keyring.ts";
import { toBase64Url } from "../../../schema/text.ts";

/** A master key of bytes n, n+1, n+2 …: fixed, so that the vectors are. */
export const masterText = (n: number): string =>
  toBase64Url(Uint8Array.from({ length: 32 }, (_, i) => (n + i) % 256));

/** The keyring of `MESH_KEYS` text that must be good. */
export function ring(text: string): Keyring {
  const keyring = parseKeyring(text);
  if (typeof keyring === "string") throw new Error(keyring);
  return keyring;
}

export const oneKey = ring(`7:${masterText(1)}`);
export const otherMesh = ring(`7:${masterText(99)}`);
/** The mesh of `oneKey` after a rotation. */
export const rotated = ring(`8:${masterText(50)},7:${masterText(1)}`);

/** And after another. */
export const twiceRotated = ring(`9:${masterText(80)},8:${masterText(50)},7:${masterText(1)}`);

export const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
export const generation = fc.integer({ min: 1, max: 2 ** 32 - 1 });
export const regIdParts = fc.record({ deviceId: bytes(16), app: bytes(8), generation });

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** The text with one character changed to another of the alphabet. */
export const tampered = (text: string) =>
  fc.tuple(fc.nat({ max: text.length - 1 }), fc.integer({ min: 1, max: 63 })).map(([at, by]) => {
    const digit = (ALPHABET.indexOf(text.charAt(at)) + by) % 64;
    return text.slice(0, at) + ALPHABET.charAt(digit) + text.slice(at + 1);
  });
