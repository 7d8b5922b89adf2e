/** Errors of end-to-end encryption (240–244). */
import { type ErrorRow, row } from "./row.ts";

export const ENCRYPTION = {
  encryption_key_invalid: row(
    240,
    null,
    null,
    "never",
    "The encryption key is not a P-256 point with a secret of 16 bytes.",
    "Publish an uncompressed point of 65 bytes and 16 random bytes, or two empty fields to withdraw the key.",
  ),
  encryption_key_missing: row(
    241,
    404,
    null,
    "never",
    "The device has published no encryption key for this registration.",
    "Give `connect` of the device SDK the option `encryption`, or send without encryption.",
  ),
} as const satisfies Record<string, ErrorRow>;
