/** Errors of encryption: end to end (240–244), and of the link (245–248). */
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
  sealing_required: row(
    245,
    null,
    null,
    "never",
    "The registration has a key, and takes commands only in Sealed frames.",
    "Seal the command with the registration's key; if you have lost it, register with a setup of a later epoch: the app gets another registration.",
  ),
  sealed_invalid: row(
    246,
    null,
    null,
    "never",
    "The Sealed frame does not open: its key, session or number is another, or it was altered; or it is too large.",
    "Seal the command again, in at most 16,384 bytes, with the key of `Registration.epoch`, the session of the last Welcome and a higher number.",
  ),
  link_key_unknown: row(
    247,
    null,
    null,
    "never",
    "The mesh does not have the key that the setup names.",
    "Fetch `GET /v1/link-keys`, and make another setup with the first of its keys.",
  ),
  setup_invalid: row(
    248,
    null,
    null,
    "never",
    "The setup of a key is malformed, or its epoch is not above that of the registration.",
    "Send 32 bytes that HPKE made for this app and the mesh's key, and an epoch above `Registration.epoch`.",
  ),
} as const satisfies Record<string, ErrorRow>;
