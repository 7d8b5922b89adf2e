import { BROADCAST_LIMITS } from "./limits/broadcasts.ts";
import { BUDGET_LIMITS } from "./limits/budgets.ts";
import { NOTIFICATION_LIMITS } from "./limits/notifications.ts";
import { REMOVAL_LIMITS } from "./limits/removals.ts";
import { SEALING_LIMITS } from "./limits/sealing.ts";
import { SENDER_LIMITS } from "./limits/senders.ts";
import { TIMELINE_LIMITS } from "./limits/timelines.ts";
import { WEBHOOK_LIMITS } from "./limits/webhooks.ts";

/**
 * All limits of the mesh in one place: each name has its unit, and each comment says what it limits and why it is this number. Tests check
 * each at the limit and one past it.
 */
export const LIMITS = {
  ...REMOVAL_LIMITS,
  ...SEALING_LIMITS,
  ...TIMELINE_LIMITS,
  ...SENDER_LIMITS,
  ...WEBHOOK_LIMITS,
  ...NOTIFICATION_LIMITS,
  // ---- sending
  /** Message data before encoding, with its notification. FCM and Web Push (RFC 8030 §7.2) both promise 4 KiB. */
  DATA_BYTES: 4_096,
  /** Nesting depth of objects and arrays in JSON data: deeper ones crash recursive readers on a device. */
  DATA_DEPTH: 64,
  /** Members of one object in the JSON of a request. Data of DATA_BYTES has up to 600, everything else fewer. */
  JSON_MEMBERS: 1_024,
  /** Body of a request without a limit of its own. */
  BODY_BYTES: 16_384,
  /** Targets of one message: as many regIds as any call takes. */
  TARGETS: 1_000,
  /**
   * Body of `POST /v1/messages`: TARGETS aliases of ALIAS_BYTES with quotes and comma are 131,000; DATA_BYTES of control characters, each six bytes
   * of JSON (`\u0001`), are 24,576; plus fields, with some room.
   */
  MESSAGE_BODY_BYTES: 196_608,
  /** Messages of one batch: as many as FCM took in one. */
  BATCH_MESSAGES: 500,
  /**
   * Body of `POST /v1/messages/batch`: BATCH_MESSAGES of 2 KiB, or 180 of the largest data in base64, which share the price of a request as well. A host
   * of one machine holds it before it knows who sends, up to UNREAD_BYTES for all, and parses it in one go.
   */
  BATCH_BODY_BYTES: 1_048_576,
  /**
   * Calls of devices for one request that are not 100 ms old: those that are wait for a device, and hold up no others.
   */
  SEND_CALLS: 128,
  /** Longest time-to-live: 28 days, like FCM. */
  TTL_MAX_SECONDS: 2_419_200,
  /** Default ttl: the maximum, like FCM, so that nothing expires unless the sender asks for it. */
  TTL_DEFAULT_SECONDS: 2_419_200,
  /** How far ahead a message may be scheduled: 30 days, as long as a month's campaign is planned. */
  SEND_AT_MAX_MS: 2_592_000_000,
  /** Accept times of one registration: two for each day of the week, and two more. */
  ACCEPT_TIMES: 16,
  /** An IANA time zone name; the longest has 32. */
  TIME_ZONE_CHARS: 64,
  /** Collapse key, UTF-8. */
  COLLAPSE_KEY_BYTES: 64,
  /** Label of a message, UTF-8: as a collapse key. */
  LABEL_BYTES: 64,
  /** Idempotency-Key, visible ASCII. */
  IDEMPOTENCY_KEY_CHARS: 128,
  /** `nonce` of a signature. */
  NONCE_CHARS: 128,
  /** How long a send waits for the device's acknowledgement without a `Prefer: wait`. */
  ACK_WAIT_DEFAULT_MS: 5_000,
  /** The longest wait for `Prefer: wait=n`: well below common proxy timeouts of 30 s. */
  ACK_WAIT_MAX_MS: 20_000,

  // ---- signatures and tokens
  /** Oldest `created` of a signed request: the replay window that idempotency must cover. */
  SIGNATURE_MAX_AGE_SECONDS: 300,
  /**
   * Longest Signature-Input header, in bytes; ours has about 200. Parsing one of 64 KB took the thread 105 ms, one of 380 KB took
   * 3.8 s, before any key was known.
   */
  SIGNATURE_INPUT_BYTES: 4_096,
  /** Longest Signature and Content-Digest headers, in bytes: four times a sha-512, which is their longest value. */
  SIGNATURE_BYTES: 512,
  /** Components that a signature may cover: this API has 12, including derived ones and its own headers. */
  SIGNATURE_COMPONENTS: 16,
  /** Tolerated difference between the sender's clock and ours. */
  CLOCK_SKEW_SECONDS: 60,
  /**
   * How long copies of a signed request are valid: SIGNATURE_MAX_AGE_SECONDS, plus CLOCK_SKEW_SECONDS on both sides. A tag accepts at most
   * ROOT_LOG_ENTRIES broadcasts in this time.
   */
  REPLAY_MS: 420_000,
  /** Longest life (exp − iat) of a proof or connect token. */
  TOKEN_MAX_AGE_SECONDS: 120,
  /** Longest proof or connect token, in characters; a real one is about 420. */
  TOKEN_CHARS: 2_048,
  /** Stable identifiers of one device, hashed. */
  DEVICE_IDENTIFIERS: 8,
  /**
   * How long a device with a registration is kept if it opens no link and no message waits for it: 90 days, over three times the longest ttl,
   * so that a phone that is off for a season keeps its registrations.
   */
  DEVICE_IDLE_MS: 7_776_000_000,
  /**
   * The same for an account without a registration: 30 days. Nobody needs the outcomes of its messages longer than their ttl.
   */
  ACCOUNT_IDLE_MS: 2_592_000_000,
  /**
   * Days on which an account must be found idle again before it is erased: a clock that jumps forward, however far and however often within them,
   * counts as one day.
   */
  DEVICE_IDLE_LOOKS: 7,
  /** How long an edge isolate may use an app record: the longest a revoked key still works. */
  APP_CACHE_MS: 30_000,
  /** Age from which an app record in use is reloaded: an app object that answers slowly then delays nobody for 10 s. */
  APP_REFRESH_MS: 20_000,
  /** Longest wait for a load that several requests share. A longer load may never end, so another one is started. */
  LOAD_MS: 5_000,
  /** How long an edge isolate treats an app as unknown: a new app works everywhere after this time. */
  APP_MISS_CACHE_MS: 2_000,
  /** A request with a key that the cached record lacks reloads the record, at most this often: new keys work soon. */
  APP_RELOAD_MS: 1_000,
  /** App records that one edge isolate caches; the least recently used is evicted first. */
  APP_CACHE_COUNT: 1_000,
  /** Opened regIds that one edge isolate caches, about 300 bytes each: 3 MB. The oldest is evicted first. */
  REG_ID_CACHE_COUNT: 10_000,

  // ---- apps
  /** How exact `lastUsedAt` of a key is: an edge tells the app's object of its use once in this time, for one row. */
  KEY_USE_MS: 3_600_000,
  /** Apps of one mesh. */
  APPS: 1_000,
  /** Registrations of a deleted app that are ended a second, of devices that are connected: each is a call of its device, of its tags and aliases. */
  APP_END_PACE: 100,
  /** How long the devices of a deleted app can still get its end: twice `DEVICE_IDLE_MS`, after which an unused device has none left. */
  APP_END_SECONDS: 15_552_000,
  /** Keys of one app, without revoked ones. */
  APP_KEYS: 16,
  /** App name, UTF-8. */
  APP_NAME_BYTES: 128,
  /** Prefixes in each list of a policy: the policy is read with every record of the app, and compared with every name. */
  POLICY_PREFIXES: 32,
  /** Body with a policy: two full lists of prefixes of 128 bytes, each six bytes of JSON, with some room. */
  POLICY_BODY_BYTES: 65_536,

  /** Longest life (exp − iat) of a grant: a lost device keeps its rights as long, unless its app removes it. */
  GRANT_MAX_AGE_SECONDS: 2_592_000,
  /** Claim jti of a grant, UTF-8, in bytes. */
  GRANT_ID_CHARS: 128,
  /** Revoked grants of one app that are not over: every edge reads them with the app's record, 12 characters each. */
  GRANTS_REVOKED: 1_000,
  /** Tags of one app that are closed: read as those, of at most 128 bytes each. */
  TAGS_CLOSED: 256,
  /** Names and prefixes in each list of a grant: each is compared with every name that the device uses. */
  GRANT_NAMES: 128,
  /** How long a device's aliases and tags are decided by a policy that was read before. */
  POLICY_AGE_MS: 60_000,
  /** Commands of one device that wait for its app's object. */
  ADMITS_WAITING: 64,

  // ---- quotas of sends
  /** Sends per second on average: from one in 28 hours to more than a mesh can do. */
  QUOTA_PER_SECOND_MIN: 0.00001,
  QUOTA_PER_SECOND_MAX: 1_000_000,
  /** Sends at once. */
  QUOTA_BURST_MAX: 1_000_000,
  /** How long an edge may spend leased tokens: two seconds of sends cost one call of the app's object. Tokens not spent are lost. */
  QUOTA_LEASE_MS: 2_000,
  /** How far ahead sends over a quota are queued at most: a message that comes an hour later is news no more. */
  QUOTA_QUEUE_SECONDS_MAX: 3_600,
  /**
   * How long an edge refuses by itself after the app's object had no token: so long that a flood of sends asks the object ten times a second, not
   * for each token, and so short that a quota that was raised works soon.
   */
  QUOTA_PAUSE_MS: 100,
  QUOTA_ASK_MS: 1_000,
  /** How long a send waits for a token: long enough for an object that starts, and far less than the SDK waits for the answer. */
  QUOTA_CALL_MS: 2_000,
  /** How long an answer waits for the state of the quota, and how long none waits after that. */
  QUOTA_TELL_MS: 250,
  QUOTA_UNTOLD_MS: 1_000,

  // ---- operators
  /** Credentials of operators, without revoked ones; expired ones count. */
  CREDENTIALS: 64,
  /** Name of a credential, UTF-8. */
  CREDENTIAL_NAME_BYTES: 64,
  /** A use of a credential is recorded if the last record is older than this: at most 24 rows a day each. */
  CREDENTIAL_USED_MS: 3_600_000,
  /** Entries of the audit log that operators made, about 300 bytes each: 3 MB. The oldest is removed first. */
  AUDIT_OPERATORS: 10_000,
  /** Entries that the servers of one app made. */
  AUDIT_APP: 200,
  /** Age at which an entry of the audit log is removed: 400 days, a year with some room for its review. */
  AUDIT_MS: 34_560_000_000,
  /** Entries in one page of the audit log. */
  AUDIT_PAGE: 200,
  /** Target, and detail, of an entry of the audit log; longer ones are cut. */
  AUDIT_TEXT_CHARS: 256,

  // ---- link
  /** One WebSocket message in either direction: a 4 KiB message with its fields, several in a batch. */
  FRAME_BYTES: 65_536,
  /** Pings, heartbeats and fragments of one socket: rate, and burst. A heartbeat is due every 30 s. */
  CONTROL_FRAMES_PER_SECOND: 10,
  CONTROL_FRAMES_BURST: 100,
  /**
   * Other messages of one socket to a host of one machine, besides answers: rate, twice COMMANDS_PER_SECOND, and burst, more than the commands
   * after which the mesh closes the link itself. A flood of 12-byte frames made others wait for up to 2 s on workerd.
   */
  CLIENT_MESSAGES_PER_SECOND: 100,
  CLIENT_MESSAGES_BURST: 512,
  /** Request line and headers on a host of one machine: twice what proxies pass on, plus a token in each. */
  HEAD_BYTES: 32_768,
  /** From the connection, or the first byte of a request, to the end of its head: slow networks need a second or two. */
  HEAD_TIMEOUT_MS: 10_000,
  /** From the head to the end of the body. */
  BODY_TIMEOUT_MS: 30_000,
  /** For the client to read what was written to it: the same as for a body, which is as large as most answers. */
  ANSWER_TIMEOUT_MS: 30_000,
  /**
   * Started but incomplete heads and bodies, on all connections of a host of one machine together. What arrives complete in one read is never
   * counted, and clients that nobody knows yet can hold no more than this.
   */
  UNREAD_BYTES: 67_108_864,
  /** Of them, for requests that name no key that has succeeded: the other half is kept for app servers. */
  UNREAD_STRANGERS_BYTES: 33_554_432,
  /** An idle connection between two requests: longer than the 60 s of load balancers. */
  KEEP_ALIVE_MS: 75_000,
  /** Time for Hello after the socket opened. */
  HELLO_TIMEOUT_MS: 10_000,
  /** Unsent bytes on a socket before the link is closed as a slow consumer. */
  SOCKET_BUFFER_BYTES: 1_048_576,
  /** Bytes a socket may hold unsent before broadcasts wait, so that single sends that come next can overtake them. */
  BROADCAST_BUFFER_BYTES: 65_536,
  /** Commands of a device: rate, and burst. */
  COMMANDS_PER_SECOND: 50,
  COMMANDS_BURST: 200,
  /** How many more commands may be refused than granted, since the flood started, before the link is closed. */
  COMMANDS_REFUSED_MAX: 200,
  /** Echo data. */
  ECHO_BYTES: 1_024,
  /** Hello.agent, UTF-8. */
  AGENT_BYTES: 64,
  /** Heartbeat interval: NATs drop idle mappings after 30 s to 5 min and more; measured per network by the SDK. */
  HEARTBEAT_MIN_MS: 30_000,
  HEARTBEAT_MAX_MS: 540_000,
  /**
   * Below the 60 s after which managed load balancers close silent connections: exactly 60 was closed each time, 45 to 55 works.
   */
  HEARTBEAT_DEFAULT_MS: 50_000,
  /** Full-jitter reconnect: first window and maximum. */
  RECONNECT_BASE_MS: 1_000,
  RECONNECT_MAX_MS: 60_000,
  /**
   * Window of the first reconnect after an established link was closed. Deploys and runtime updates of the platform, a few a week, close all links
   * of a mesh at once: over 20 s, a million devices are 50,000 connects a second.
   */
  RECONNECT_FIRST_MS: 20_000,
  /** The same on one machine, which holds tens of thousands of links and accepts 2,000 connects a second. */
  RECONNECT_FIRST_MACHINE_MS: 2_000,

  /**
   * Body of a sealed command, which is opened before it can be refused: opening FRAME_BYTES takes 2 ms on Workers. The largest command, SUBSCRIBE_TAGS of
   * TAG_BYTES with their lengths, has 13 KB.
   */
  SEALED_COMMAND_BYTES: 16_384,

  // ---- device
  /** Registrations (apps) of one device: keeps the socket attachment below 6 KB of the platform's 16. */
  REGISTRATIONS: 32,
  /** Waiting messages in the mailbox of one registration. */
  MAILBOX_MESSAGES: 1_000,
  /** Data of these messages, in bytes: MAILBOX_MESSAGES of DATA_BYTES, so that a new message never needs the room of two. */
  MAILBOX_BYTES: 4_096_000,
  /** Unacknowledged messages on a socket, per registration. The SDK's duplicate window must be larger. */
  INFLIGHT_MESSAGES: 128,
  /** Data of these messages: a replay batch waits for the acknowledgement of the previous one. */
  INFLIGHT_BYTES: 262_144,
  /** Data in one Deliver frame: together with the fields of each message it stays below FRAME_BYTES. */
  DELIVER_BYTES: 32_768,
  /** Messages in one Deliver frame. */
  DELIVER_MESSAGES: 64,
  /**
   * Outcomes stored durably, per registration: at least MAILBOX_MESSAGES plus INFLIGHT_MESSAGES, so that all outcomes of an unregister are
   * stored.
   */
  OUTCOMES: 1_152,
  /**
   * Messages of one registration that other holders of an alias must withdraw and could not be told about: about 200 bytes each in the same
   * row.
   */
  UNTOLD: 64,
  /**
   * Life of an Idempotency-Key, from when its message was accepted: a signed request can be replayed for 300 s plus skew, a server SDK retries for
   * 45 s, and as much again is for clocks that are set.
   */
  IDEMPOTENCY_KEY_MS: 600_000,
  /**
   * Final answers without a row that a device keeps across sleep and reconnect, the newest of all its registrations: 28 bytes each in the socket's
   * attachment, which is rewritten with each (12 µs if it is small, 24 with 256 of them).
   */
  RECENT_KEYS: 128,
  /** Final answers kept in memory, per registration, to answer a retry. */
  RECENT: 256,
  /** Duplicate window of the SDK, in message keys per lane of a registration. */
  DUPLICATE_WINDOW: 1_024,

  // ---- aliases and attributes
  /** Alias, UTF-8. */
  ALIAS_BYTES: 128,
  /** Aliases of one registration. */
  ALIASES: 16,
  /** Holders of one shared alias: the devices of a user. Also the most calls of a send to an alias. */
  ALIAS_HOLDERS: 128,
  /** Sets and unsets of one alias that wait for each other: all its holders at once, plus as many others. */
  ALIAS_WAITING: 256,
  /**
   * Devices whose latest command an alias remembers, about 100 bytes each: all holders of a shared alias several times over.
   */
  ALIAS_COMMANDS: 1_024,
  /**
   * Messages with `firstAckWins` for which an alias remembers who took them, for IDEMPOTENCY_KEY_MS, about 120 bytes each in its row; as many as the
   * answers that a device remembers (RECENT_KEYS).
   */
  ALIAS_TAKEN: 128,
  /**
   * Such messages for which it knows in memory which holders were told, about 100 bytes per holder; for older ones, all are told again.
   */
  ALIAS_WITHDRAWALS: 32,
  /**
   * Signed changes of aliases and tags that one directory object of an app stores for the life of a signature, 7 minutes: over 300 a second. A row of
   * 30 bytes each, and 100 in memory.
   */
  SIGNED_CHANGES: 131_072,
  /**
   * Holders of aliases that one edge isolate caches, about 150 bytes each, and for how long. A device refuses if the cache is stale, so this only
   * limits memory.
   */
  ALIAS_CACHE_COUNT: 10_000,
  ALIAS_CACHE_MS: 60_000,
  /** Custom attributes of one registration; lengths of names and values, also of the named attributes, in UTF-8. */
  ATTRIBUTES: 32,
  ATTRIBUTE_NAME_BYTES: 64,
  ATTRIBUTE_VALUE_BYTES: 128,

  // ---- tags
  /** Tag, UTF-8. */
  TAG_BYTES: 128,
  /** Tags of one registration, without the built-in tag of all devices. */
  TAGS: 2_000,
  /** Tags of one device whose nodes have not answered its leave yet; while more wait, it joins and leaves no others. */
  TAGS_LEAVING: 2_000,
  /** Tags added and removed in one Subscribe. */
  SUBSCRIBE_TAGS: 100,
  /** Registrations in one call of a server that subscribes, unsubscribes or sets an alias. */
  SUBSCRIBE_REGISTRATIONS: 1_000,
  /** Devices called at once by such a call: 1,000 of them, each a few ms away, are done well within a client's timeout. */
  SUBSCRIBE_CALLS: 32,
  /** Body of such a call: 1,000 regIds of 69 characters with quotes and comma, plus some room. */
  SUBSCRIBE_BODY_BYTES: 131_072,
  /**
   * Objects of an app's tag directory: one handles 200 to 500 reports a second, and a tag with changing counts sends one every 10 s. A page asks all
   * of them. If all objects share a thread, there is only one. The number never changes for a mesh.
   */
  TAG_DIRECTORY_SHARDS: 16,
  /** Members of one node of a tag: nodes of about 1,000 keep a fan-out slice short (platform advice). */
  NODE_MEMBERS: 1_000,
  /** Children of a node: a hexadecimal digit of the device ID. */
  NODE_CHILDREN: 16,
  /** Depth of the tree: 8 digits are 4 × 10^9 nodes, more than any tag fills. */
  NODE_DEPTH: 8,
  /** How long a process starts joins at the depth it saw before it starts from the root again. */
  DEPTH_CACHE_MS: 60_000,
  DEPTH_CACHE_COUNT: 10_000,
  /** Concurrent joins, leaves and attaches of one device. */
  TAG_CALLS: 6,
  /** Unacknowledged broadcasts on a socket, per registration, and their data: they leave room for single sends. */
  BROADCAST_INFLIGHT: 32,
  BROADCAST_INFLIGHT_BYTES: 65_536,
  /**
   * How long broadcasts wait at a time for single sends to the same registration, or for unsent bytes of the socket: as long as a send waits.
   */
  BROADCAST_YIELD_MS: 5_000,
  /** Cursors in one Hello: 2,000 of them are under 32 KiB. */
  HELLO_CURSORS: 2_000,

  ...BUDGET_LIMITS,
  ...BROADCAST_LIMITS,
} as const;
