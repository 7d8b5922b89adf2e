/**
 * Every bound of the mesh in one place: unit in the name, what it bounds, why this number.
 * Each is tested at the limit and one past it.
 */
export const LIMITS = {
  // ---- sending
  /** Message data before encoding. FCM and Web Push (RFC 8030 §7.2) both promise 4 KiB. */
  DATA_BYTES: 4_096,
  /** Levels of objects and arrays in JSON data: deeper ones crash recursive readers on a device. */
  DATA_DEPTH: 64,
  /** Body of any signed request: the data as base64 in JSON, plus fields, with room. */
  BODY_BYTES: 16_384,
  /** Longest time-to-live: 28 days, as FCM. */
  TTL_MAX_SECONDS: 2_419_200,
  /** Used where a request gives no ttl: the maximum, as FCM; nothing is dropped unasked. */
  TTL_DEFAULT_SECONDS: 2_419_200,
  /** Collapse key, UTF-8. */
  COLLAPSE_KEY_BYTES: 64,
  /** Idempotency-Key, visible ASCII. */
  IDEMPOTENCY_KEY_CHARS: 128,
  /** `nonce` of a signature. */
  NONCE_CHARS: 128,
  /** How long a send waits for the device's acknowledgement where `Prefer: wait` says nothing. */
  ACK_WAIT_DEFAULT_MS: 5_000,
  /** The longest wait that `Prefer: wait=n` gets: well under common proxy timeouts of 30 s. */
  ACK_WAIT_MAX_MS: 20_000,

  // ---- signatures and tokens
  /** Oldest `created` of a signed request: the replay window that idempotency must cover. */
  SIGNATURE_MAX_AGE_SECONDS: 300,
  /** Tolerated difference between the sender's clock and ours. */
  CLOCK_SKEW_SECONDS: 60,
  /** Longest life (exp − iat) of a proof or connect token. */
  TOKEN_MAX_AGE_SECONDS: 120,
  /** Longest proof or connect token, in characters; a real one is about 420. */
  TOKEN_CHARS: 2_048,
  /** Stable identifiers of one device, hashed. The original used three. */
  DEVICE_IDENTIFIERS: 8,
  /** How long after its last link a device account is not displaced by a new key unasked. */
  DEVICE_DISPLACE_MS: 300_000,
  /** How long an edge isolate may use an app record: the longest a revoked key still works. */
  APP_CACHE_MS: 30_000,
  /** How long an edge isolate takes an app as unknown: a new app is usable that soon everywhere. */
  APP_MISS_CACHE_MS: 2_000,
  /** A request with a key that the cached record lacks reloads it, no more often than this: new keys work soon. */
  APP_RELOAD_MS: 1_000,
  /** App records one edge isolate keeps; the least recently used goes first. */
  APP_CACHE_COUNT: 1_000,
  /** Opened regIds one edge isolate keeps, about 300 bytes each: 3 MB. The oldest goes first. */
  REG_ID_CACHE_COUNT: 10_000,

  // ---- apps
  /** Apps of one mesh. */
  APPS: 1_000,
  /** Keys of one app, revoked ones not counted. */
  APP_KEYS: 16,
  /** App name, UTF-8. */
  APP_NAME_BYTES: 128,

  // ---- link
  /** One WebSocket message, either way: a 4 KiB message with its fields, several of them batched. */
  FRAME_BYTES: 65_536,
  /** Time for Hello after the socket opened. */
  HELLO_TIMEOUT_MS: 10_000,
  /** Bytes the socket may hold unsent before the link is cut as a slow consumer. */
  SOCKET_BUFFER_BYTES: 1_048_576,
  /** Commands a device may send: refilled per second, and the burst above it. */
  COMMANDS_PER_SECOND: 50,
  COMMANDS_BURST: 200,
  /** By how many more commands may be refused than granted, since the flood began, before the link is cut. */
  COMMANDS_REFUSED_MAX: 200,
  /** Echo data. */
  ECHO_BYTES: 1_024,
  /** Hello.agent, UTF-8. */
  AGENT_BYTES: 64,
  /** Heartbeat interval: NATs drop idle mappings after 30 s to 5 min and more; measured per network by the SDK. */
  HEARTBEAT_MIN_MS: 30_000,
  HEARTBEAT_MAX_MS: 540_000,
  HEARTBEAT_DEFAULT_MS: 60_000,
  /** Full-jitter reconnect: first window and cap. */
  RECONNECT_BASE_MS: 1_000,
  RECONNECT_MAX_MS: 60_000,

  // ---- device
  /** Registrations (apps) of one device: keeps the socket attachment under 2 KB. */
  REGISTRATIONS: 32,
  /** Messages waiting in one registration's mailbox. */
  MAILBOX_MESSAGES: 1_000,
  /** Their data, in bytes. */
  MAILBOX_BYTES: 2_097_152,
  /** Unacknowledged messages on a socket, per registration. The SDK's duplicate window must be larger. */
  INFLIGHT_MESSAGES: 128,
  /** Their data: one replay batch waits for the acknowledgement of the one before. */
  INFLIGHT_BYTES: 262_144,
  /** Data in one Deliver frame; with the fields of each message it stays under FRAME_BYTES. */
  DELIVER_BYTES: 32_768,
  /** Messages in one Deliver frame. */
  DELIVER_MESSAGES: 64,
  /** Ended messages remembered durably, per registration: no fewer than MAILBOX_MESSAGES and INFLIGHT_MESSAGES together, so that an unregister is remembered whole. */
  OUTCOMES: 1_152,
  /** Delivered messages remembered in memory, per registration, to answer a retry. */
  RECENT: 256,
  /** Duplicate window of the SDK, in message keys per registration. */
  DUPLICATE_WINDOW: 1_024,
} as const;
