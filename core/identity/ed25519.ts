/**
 * Ed25519 public keys of small order, which prove nothing: for each of them there is a signature that verifies for any text.
 * RFC 8032 §5.1.7 leaves this check to the application, and Web Crypto does not make it.
 */
import { fromBase64Url } from "../../schema/text.ts";
import { equalBytes } from "./mac.ts";

/** The y of the points of order 1, 2, 4 and 8, little-endian, including the second encoding (y + p) that two of them have. */
const SMALL_ORDER: readonly Uint8Array[] = [
  "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
  "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
  "JuiVj8KyJ7BFw_SJ8u-Y8NXfrAXTxjM5sTgCiG1T_AU",
  "xxdqcD1N2E-6PAt2DRBnDyogU_osOczGTsf9d5KsA3o",
  "7P_______________________________________38",
  "7f_______________________________________38",
  "7v_______________________________________38",
].map((text) => fromBase64Url(text) ?? new Uint8Array());

/** Clears the top bit, the sign of x: points of small order exist with both signs. */
const withoutSign = (publicKey: Uint8Array): Uint8Array => {
  const y = Uint8Array.from(publicKey);
  y[31] = (y[31] ?? 0) & 0x7f;
  return y;
};

/** Whether a public key has small order. @param publicKey 32 bytes, encoded as in RFC 8032 §5.1.5 */
export function isSmallOrder(publicKey: Uint8Array): boolean {
  const y = withoutSign(publicKey);
  return SMALL_ORDER.some((point) => equalBytes(point, y));
}
