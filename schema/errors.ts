/**
 * The one table of everything the mesh refuses, and every code it closes a socket with.
 * `docs/errors.md` is generated from it; adding a code does not compile until each column is filled in.
 */

/** What the caller should do with the same request. */
export type Retry =
  /** Sending it again unchanged cannot succeed. */
  | "never"
  /** Sending it again later can succeed: after `Retry-After`, or with backoff. */
  | "later"
  /** Get a fresh signature or token first. */
  | "reauthenticate";

export interface ErrorRow {
  /** Stable number, in `Refusal.code` on the link. Never reused. */
  readonly number: number;
  /** HTTP status of the answer, or null where it is never an HTTP answer. */
  readonly status: number | null;
  /** WebSocket close code, or null where it never closes a link. */
  readonly close: number | null;
  readonly retry: Retry;
  /** One line for a person. */
  readonly title: string;
  /** What to do about it. */
  readonly advice: string;
}

/**
 * Close codes by range, so that an old client treats a new code rightly.
 * 4000–4099: reconnect with backoff. 4100–4199: make a fresh token, then reconnect.
 * 4200–4299: stop; reconnecting by itself cannot help.
 */
export const CLOSE_RANGES = {
  reconnect: [4000, 4099],
  reauthenticate: [4100, 4199],
  stop: [4200, 4299],
} as const;

/** The annotation lets a bundler leave the table out where only `closeVerdict` is used: its texts outweigh the device SDK. */
/* @__NO_SIDE_EFFECTS__ */ const row = (
  number: number,
  status: number | null,
  close: number | null,
  retry: Retry,
  title: string,
  advice: string,
): ErrorRow => ({ number, status, close, retry, title, advice });

const TABLE = {
  // ---- requests in general
  not_found: row(100, 404, null, "never", "No such route.", "Check the path against docs/api.md."),
  method_not_allowed: row(
    101,
    405,
    null,
    "never",
    "The route does not take this method.",
    "Use a method of the Allow header.",
  ),
  body_too_large: row(
    102,
    413,
    null,
    "never",
    "The request body is over its bound.",
    "Send less: the detail names the bound in bytes.",
  ),
  body_invalid: row(
    103,
    400,
    null,
    "never",
    "The request body is not valid JSON.",
    "Send UTF-8 JSON with content type application/json.",
  ),
  field_invalid: row(
    104,
    400,
    null,
    "never",
    "A field has a wrong type or is out of bounds.",
    "Mend the field that the answer names.",
  ),
  content_type_unsupported: row(
    105,
    415,
    null,
    "never",
    "The content type is not application/json.",
    "Send content-type: application/json.",
  ),
  internal: row(
    106,
    500,
    4003,
    "later",
    "The mesh failed.",
    "Try again with the same Idempotency-Key; report it if it stays.",
  ),
  overloaded: row(
    107,
    503,
    null,
    "later",
    "The mesh is too busy for this request.",
    "Try again after Retry-After with the same Idempotency-Key.",
  ),
  misconfigured: row(
    108,
    500,
    4006,
    "later",
    "The mesh is not set up.",
    "Its operator has to mend the setting that the detail names.",
  ),
  storage_unavailable: row(
    109,
    503,
    4007,
    "later",
    "The mesh cannot write to its disk, and took nothing.",
    "Try again after Retry-After with the same Idempotency-Key; its operator has to make room.",
  ),
  // ---- signed requests
  signature_missing: row(
    200,
    401,
    null,
    "reauthenticate",
    "The request is not signed.",
    "Add Signature and Signature-Input (RFC 9421).",
  ),
  signature_malformed: row(
    201,
    401,
    null,
    "reauthenticate",
    "The signature headers cannot be read.",
    "Check Signature and Signature-Input against RFC 9421.",
  ),
  signature_incomplete: row(
    202,
    401,
    null,
    "reauthenticate",
    "The signature does not cover everything it must.",
    "Cover the components and parameters that the detail names.",
  ),
  signature_invalid: row(
    203,
    401,
    null,
    "reauthenticate",
    "The signature does not verify.",
    "Check the key, and that the signed components are those sent.",
  ),
  signature_expired: row(
    204,
    401,
    null,
    "reauthenticate",
    "The signature is too old, or from the future.",
    "Sign each request anew and check the clock.",
  ),
  digest_mismatch: row(
    205,
    400,
    null,
    "never",
    "Content-Digest is missing or is not that of the body.",
    "Send Content-Digest: sha-256=:…: over the exact body bytes (RFC 9530).",
  ),
  key_unknown: row(
    206,
    401,
    null,
    "never",
    "The signing key is unknown or revoked.",
    "Use a key that `pushmesh key create` gave.",
  ),
  nonce_required: row(
    207,
    400,
    null,
    "never",
    "The request has neither an Idempotency-Key nor a signature nonce.",
    "Add one of them, so that a retry is told from a new message.",
  ),
  idempotency_key_invalid: row(
    208,
    400,
    null,
    "never",
    "The Idempotency-Key is out of bounds.",
    "Use 1 to 128 visible ASCII characters.",
  ),
  idempotency_key_reused: row(
    210,
    422,
    null,
    "never",
    "The Idempotency-Key was used for another request body.",
    "Send a retry with the bytes of the first request, and another message under another key.",
  ),
  admin_token_invalid: row(
    209,
    401,
    null,
    "reauthenticate",
    "The admin token is missing or wrong.",
    "Send Authorization: Bearer with the mesh's admin token.",
  ),
  // ---- sending
  reg_id_invalid: row(
    300,
    400,
    null,
    "never",
    "The regId was not issued by this mesh.",
    "Use the regId exactly as the device reported it.",
  ),
  reg_id_foreign: row(
    301,
    403,
    null,
    "never",
    "The regId belongs to another app.",
    "Sign with a key of the app that the device registered for.",
  ),
  unregistered: row(
    302,
    410,
    null,
    "never",
    "The registration has ended.",
    "Delete this regId; the device reports a new one when it registers again.",
  ),
  mailbox_full: row(
    303,
    429,
    null,
    "later",
    "The registration's mailbox is full.",
    "Wait until the device connects, or send with onOverflow drop_oldest.",
  ),
  message_id_invalid: row(
    304,
    400,
    null,
    "never",
    "The message ID was not issued by this mesh.",
    "Use the id of a send answer unchanged.",
  ),
  message_not_found: row(
    305,
    404,
    null,
    "never",
    "The mesh has no record of this message.",
    "The last 1,152 outcomes of a registration and the last 1,024 broadcasts of a tag are kept; of ttl 0, the last 128 messages of a device, for 10 minutes.",
  ),
  // ---- apps and keys
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
    "The app has as many keys as it may.",
    "Revoke one first: `pushmesh key list`, `pushmesh key revoke`.",
  ),
  too_many_apps: row(
    403,
    409,
    null,
    "never",
    "The mesh has as many apps as it may.",
    "Delete one that is not used: `pushmesh app list`, `pushmesh app delete`; or use another mesh.",
  ),
  // ---- device account
  proof_invalid: row(
    500,
    401,
    null,
    "reauthenticate",
    "The proof of possession does not verify.",
    "Sign the proof with the account's private key.",
  ),
  proof_expired: row(
    501,
    401,
    null,
    "reauthenticate",
    "The proof is too old, or from the future.",
    "Set the clock by GET /healthz, then make a new proof.",
  ),
  device_active: row(
    502,
    409,
    null,
    "later",
    "These identifiers belong to a device that is in use under another key.",
    "Add a handover signed by the old key, or try again after Retry-After.",
  ),
  // ---- opening a link
  upgrade_required: row(
    600,
    426,
    null,
    "never",
    "This route takes WebSocket upgrades only.",
    "Open it as a WebSocket.",
  ),
  subprotocol_unsupported: row(
    601,
    400,
    null,
    "never",
    "The WebSocket subprotocols do not name one this mesh speaks, or carry no token.",
    "Offer pushmesh.v1 and pushmesh.token.<token>.",
  ),
  going_away: row(
    610,
    null,
    4000,
    "later",
    "The mesh restarts or moves this device.",
    "Reconnect within the window.",
  ),
  hello_timeout: row(
    611,
    null,
    4001,
    "later",
    "No hello came in time.",
    "Send Hello as the first frame.",
  ),
  slow_consumer: row(
    612,
    null,
    4002,
    "later",
    "The device reads too slowly.",
    "Reconnect; what was not acknowledged is sent again.",
  ),
  mesh_full: row(
    613,
    503,
    4004,
    "later",
    "The mesh, or your address, holds as many connections, or has as many accounts made at once, as it may.",
    "Reconnect with backoff.",
  ),
  flooding: row(
    614,
    null,
    4005,
    "later",
    "The device sends commands, heartbeats or fragments faster than it may.",
    "Send at most 10 control frames a second; for commands, honour retryAfterMs of Refusal.",
  ),
  silent: row(
    615,
    null,
    4008,
    "later",
    "Nothing came on the link for twice the longest heartbeat.",
    "Send heartbeats; reconnect.",
  ),
  request_malformed: row(
    616,
    400,
    null,
    "never",
    "The request is not well-formed HTTP.",
    "Send it as RFC 9112 says: the detail names the fault.",
  ),
  head_too_large: row(
    617,
    431,
    null,
    "never",
    "The request's headers are over their bound.",
    "Send fewer or shorter headers: the detail names the bound in bytes.",
  ),
  request_timeout: row(
    618,
    408,
    null,
    "later",
    "The request did not come in time.",
    "Send it again on a new connection.",
  ),
  too_many_failures: row(
    619,
    429,
    null,
    "later",
    "This network has failed to authenticate too often.",
    "Wait as long as Retry-After says, and see why the requests before were refused. Behind a proxy, start the mesh with --trust-proxy.",
  ),
  token_invalid: row(
    620,
    null,
    4100,
    "reauthenticate",
    "The connect token does not verify.",
    "Make a new token with the account's key; create the account again if that fails.",
  ),
  token_expired: row(
    621,
    null,
    4101,
    "reauthenticate",
    "The connect token is too old, or from the future.",
    "Set the clock by GET /healthz, then make a new token.",
  ),
  token_replayed: row(
    622,
    null,
    4102,
    "reauthenticate",
    "The connect token was used before.",
    "Make a new token for every connection.",
  ),
  replaced: row(
    630,
    null,
    4200,
    "never",
    "A newer link of the same device took over.",
    "Let the newer link serve; do not reconnect.",
  ),
  account_replaced: row(
    631,
    null,
    4201,
    "never",
    "The device account has a new key.",
    "Create the account again if this device should come back.",
  ),
  protocol_error: row(
    632,
    null,
    4202,
    "never",
    "A frame could not be read, or came out of turn.",
    "Mend the client: the reason names the fault.",
  ),
  frame_too_large: row(
    633,
    null,
    4203,
    "never",
    "A frame is over the bound.",
    "Send frames up to Welcome.maxFrameBytes.",
  ),
  revision_unsupported: row(
    634,
    null,
    4204,
    "never",
    "The mesh does not speak this protocol revision.",
    "Update the client.",
  ),
  // ---- commands on a link
  channel_unknown: row(
    700,
    null,
    null,
    "never",
    "The mesh has no such channel.",
    "Use a channel of docs/protocol.md.",
  ),
  frame_unknown: row(
    701,
    null,
    null,
    "never",
    "The channel has no such frame.",
    "Use a frame of schema/link.thrift.",
  ),
  command_invalid: row(
    702,
    null,
    null,
    "never",
    "A field of the command is out of bounds.",
    "Mend the field that the message names.",
  ),
  app_unknown: row(
    703,
    null,
    null,
    "never",
    "The appId was not issued by this mesh.",
    "Use the appId that `pushmesh app create` printed.",
  ),
  too_many_registrations: row(
    704,
    null,
    null,
    "never",
    "The device has as many registrations as it may.",
    "Unregister one first.",
  ),
  slot_unknown: row(
    705,
    null,
    null,
    "never",
    "The device has no registration in this slot.",
    "Register the app; use the slot of the answer.",
  ),
  rate_limited: row(
    706,
    429,
    null,
    "later",
    "Commands come faster than they may.",
    "Wait retryAfterMs.",
  ),
  tag_invalid: row(
    707,
    null,
    null,
    "never",
    "The tag is empty, too long or no UTF-8.",
    "Use 1 to 128 bytes of UTF-8.",
  ),
  too_many_tags: row(
    708,
    409,
    null,
    "never",
    "The registration is in as many tags as it may, or the command names too many.",
    "Leave tags that are not needed, or split the command.",
  ),
  alias_invalid: row(
    709,
    null,
    null,
    "never",
    "The alias is empty, too long or no UTF-8.",
    "Use 1 to 128 bytes of UTF-8.",
  ),
  too_many_aliases: row(
    710,
    409,
    null,
    "never",
    "The registration has as many aliases as it may.",
    "Take aliases away that are not needed.",
  ),
  alias_full: row(
    711,
    409,
    null,
    "never",
    "The shared alias has as many holders as it may.",
    "Take it from registrations that are gone.",
  ),
  attributes_invalid: row(
    712,
    null,
    null,
    "never",
    "The attributes are too many, too long or no UTF-8.",
    "Keep to the bounds that the detail names.",
  ),

  // ---- aliases, tags and broadcasts
  alias_stale: row(
    806,
    503,
    null,
    "later",
    "The alias is moving to another registration.",
    "Try again after Retry-After with the same Idempotency-Key.",
  ),
  request_replayed: row(
    807,
    409,
    null,
    "reauthenticate",
    "This very request was begun before.",
    "Where its answer was lost, read what stands; to ask anew, sign again with another nonce.",
  ),
  alias_unknown: row(
    800,
    404,
    null,
    "never",
    "No registration holds the alias.",
    "Set it on a device, or send to a regId.",
  ),
  tag_unknown: row(
    801,
    404,
    null,
    "never",
    "Nobody is in the tag, and it never had a broadcast.",
    "Check its spelling; subscribe registrations first.",
  ),
  broadcast_rate: row(
    802,
    429,
    null,
    "later",
    "The tag takes no more broadcasts now.",
    "Try again after Retry-After with the same Idempotency-Key.",
  ),
  live_closed: row(
    803,
    403,
    4210,
    "never",
    "The tag has no open audience.",
    "Listen with a token, or let the app open the tag.",
  ),
  listen_token_invalid: row(
    804,
    401,
    4110,
    "reauthenticate",
    "The listen token is missing, wrong or expired.",
    "Get a fresh token from the app.",
  ),
  live_full: row(
    805,
    503,
    4009,
    "later",
    "The tag has as many listeners here as it may.",
    "Try again after Retry-After.",
  ),
} as const satisfies Record<string, ErrorRow>;

/** A name in the error table. */
export type ErrorCode = keyof typeof TABLE;

/** The table itself: `ERRORS.signature_expired.status === 401`. */
export const ERRORS: Readonly<Record<ErrorCode, ErrorRow>> = TABLE;

/** Looks a row up by its wire number; undefined for a number of a newer mesh. */
export function errorByNumber(number: number): ErrorCode | undefined {
  return (Object.keys(ERRORS) as ErrorCode[]).find((code) => ERRORS[code].number === number);
}

/** What a close code asks of a device; codes outside 4000–4299 (1001, 1006 …) mean reconnect. */
export function closeVerdict(close: number): "reconnect" | "reauthenticate" | "stop" {
  if (close >= CLOSE_RANGES.stop[0] && close <= CLOSE_RANGES.stop[1]) return "stop";
  if (close >= CLOSE_RANGES.reauthenticate[0] && close <= CLOSE_RANGES.reauthenticate[1]) {
    return "reauthenticate";
  }
  return "reconnect";
}

/** An error of the table, thrown inside the mesh and mapped to an answer at its border. */
export class MeshError extends Error {
  override readonly name = "MeshError";
  readonly code: ErrorCode;
  /** The request field at fault, as a path: `ttlSeconds`, `data`. */
  readonly field: string | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(
    code: ErrorCode,
    detail?: string,
    options: { field?: string; retryAfterMs?: number; cause?: unknown } = {},
  ) {
    super(
      detail ?? ERRORS[code].title,
      options.cause === undefined ? {} : { cause: options.cause },
    );
    this.code = code;
    this.field = options.field;
    this.retryAfterMs = options.retryAfterMs;
  }

  /** The row of the table. */
  get row(): ErrorRow {
    return ERRORS[this.code];
  }
}
