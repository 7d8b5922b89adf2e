/** Errors of apps and keys (400–499), and of device accounts (500–599). */
import { type ErrorRow, row } from "./row.ts";

export const ACCOUNTS = {
  app_not_found: row(
    400,
    404,
    null,
    "never",
    "No such app.",
    "List the apps with `pushmesh app list`.",
  ),
  key_not_found: row(
    401,
    404,
    null,
    "never",
    "No such key.",
    "List the app's keys with `pushmesh key list`.",
  ),
  too_many_keys: row(
    402,
    409,
    null,
    "never",
    "The app has the maximum number of keys.",
    "Revoke a key first: `pushmesh key list`, `pushmesh key revoke`.",
  ),
  too_many_apps: row(
    403,
    409,
    null,
    "never",
    "The mesh has the maximum number of apps.",
    "Delete an app that you do not use (`pushmesh app list`, `pushmesh app delete`), or use another mesh.",
  ),
  proof_invalid: row(
    500,
    401,
    null,
    "reauthenticate",
    "The proof of possession does not verify.",
    "Sign the proof with the private key of the account.",
  ),
  proof_expired: row(
    501,
    401,
    null,
    "reauthenticate",
    "The proof is too old, or its time is in the future.",
    "Set your clock from GET /healthz, then make a new proof.",
  ),
  device_active: row(
    502,
    409,
    null,
    "never",
    "This key handed its account over to another key.",
    "Use the newer key, or make a new key: it gets an account of its own.",
  ),
} as const satisfies Record<string, ErrorRow>;
