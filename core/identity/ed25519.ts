/**
 * Public keys of Ed25519 that prove nothing: points of small order. For each of them there is a signature that verifies over
 * any text (RFC 8032 §5.1.7 leaves the check to who needs it; Web Crypto does not make it).
 */

import { fromBase64Url } from "../../schema/text.ts";
import { equalBytes } from "./mac.ts";

/** y of the points of order 1, 2, 4 and 8, little-endian, and the two of them that have a second encoding (y + p). */
const SMALL_ORDER: readonly Uint8Array[] = [
  "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
  "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
  "JuiVj8KyJ7BFw_SJ8u-Y8NXfrAXTxjM5sTgCiG1T_AU",
  "xxdqcD1N2E-6PAt2DRBnDyogU_osOczGTsf9d5KsA3o",
  "7P_______________________________________38",
  "7f_______________________________________38",
  "7v_______________________________________38",
].map((text) => fromBase64Url(text) ?? new Uint8Array());

/** The top bit is the sign of x, which a point of small order may have either way. */
const withoutSign = (publicKey: Uint8Array): Uint8Array => {
  const y = Uint8Array.from(publicKey);
  y[31] = (y[31] ?? 0) & 0x7f;
  return y;
};

/** @param publicKey 32 bytes, as RFC 8032 §5.1.5 writes them */
export function isSmallOrder(publicKey: Uint8Array): boolean {
  const y = withoutSign(publicKey);
  return SMALL_ORDER.some((point) => equalBytes(point, y));
}
