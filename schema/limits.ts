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
  /** Body of a request where no other bound is named. */
  BODY_BYTES: 16_384,
  /** Body of `POST /v1/messages`: DATA_BYTES of control characters, each six bytes of JSON (`\u0001`), plus fields, with room. */
  MESSAGE_BODY_BYTES: 32_768,
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
  /**
   * Longest Signature-Input header, in bytes; ours has about 200. Reading one of 64 KB took the thread for 105 ms, one of
   * 380 KB for 3.8 s, before any key was known.
   */
  SIGNATURE_INPUT_BYTES: 4_096,
  /** Longest Signature and Content-Digest headers, in bytes: four times a sha-512, which is the longest value in them. */
  SIGNATURE_BYTES: 512,
  /** Components that a signature may cover: this API knows 12, derived ones and its own headers together. */
  SIGNATURE_COMPONENTS: 16,
  /** Tolerated difference between the sender's clock and ours. */
  CLOCK_SKEW_SECONDS: 60,
  /**
   * As long as copies of a signed request are taken: SIGNATURE_MAX_AGE_SECONDS, and CLOCK_SKEW_SECONDS on both sides. A tag takes no more
   * than ROOT_LOG_ENTRIES broadcasts in this time.
   */
  REPLAY_MS: 420_000,
  /** Longest life (exp − iat) of a proof or connect token. */
  TOKEN_MAX_AGE_SECONDS: 120,
  /** Longest proof or connect token, in characters; a real one is about 420. */
  TOKEN_CHARS: 2_048,
  /** Stable identifiers of one device, hashed. The original used three. */
  DEVICE_IDENTIFIERS: 8,
  /** How long after its last link a device account is not displaced by a new key unasked. */
  DEVICE_DISPLACE_MS: 300_000,
  /**
   * How long a device with a registration is kept that opens no link and for which nothing waits: 90 days, over three times
   * the longest ttl, so that a phone that lies in a drawer for a season has its registrations still.
   */
  DEVICE_IDLE_MS: 7_776_000_000,
  /** The same of an account without a registration: 30 days. Its messages' outcomes are no longer than their ttl of interest. */
  ACCOUNT_IDLE_MS: 2_592_000_000,
  /**
   * Days on which an account is found idle once more before it ends: a clock that jumps forth, however far and however often
   * within them, moves it on by one.
   */
  DEVICE_IDLE_LOOKS: 7,
  /** How long an edge isolate may use an app record: the longest a revoked key still works. */
  APP_CACHE_MS: 30_000,
  /** From which age on it is loaded anew while it is used: an object that is slow to answer then holds up nobody for 10 s. */
  APP_REFRESH_MS: 20_000,
  /** Longest wait for what several requests load together: a load that takes longer may never end, and another is begun. */
  LOAD_MS: 5_000,
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
  /** Pings, heartbeats and fragments of one socket: refilled per second, and the burst above it. A heartbeat is due every 30 s. */
  CONTROL_FRAMES_PER_SECOND: 10,
  CONTROL_FRAMES_BURST: 100,
  /** Request line and headers on a host of one machine: twice what proxies pass on, and a token in each. */
  HEAD_BYTES: 32_768,
  /** From a connection, or the first byte of a request, to the end of its head: slow networks need a second or two. */
  HEAD_TIMEOUT_MS: 10_000,
  /** From the head to the end of the body. */
  BODY_TIMEOUT_MS: 30_000,
  /** For the client to take what was written to it: as long as for a body, which is as large as most answers. */
  ANSWER_TIMEOUT_MS: 30_000,
  /**
   * Heads and bodies that have begun and not come whole, on all connections of a host of one machine together: what comes whole in
   * one read is never counted, and strangers can hold no more than this before anybody knows them.
   */
  UNREAD_BYTES: 67_108_864,
  /**
   * Failed authentications of one network (an IPv4 address or an IPv6 /64) on a host of one machine: refilled per second, and the
   * burst above it. A hundred devices of one office whose clocks are wrong fit; five a second cost a hundredth of a core.
   */
  FAILED_AUTH_PER_SECOND: 5,
  FAILED_AUTH_BURST: 100,
  /** Budgets of failures that are remembered, about 100 bytes each: 2 MB. Those that failed longest ago go first. */
  FAILED_AUTH_NETWORKS: 20_000,
  /** Sending keys remembered as good, which others' failures do not shut out: 16 keys of 64 apps. */
  FAILED_AUTH_GOOD_KEYS: 1_024,
  /** Networks remembered for each of them, from which it is never refused, and for how long after it was let in last. */
  FAILED_AUTH_GOOD_KEY_NETWORKS: 8,
  FAILED_AUTH_GOOD_KEY_MS: 3_600_000,
  /** An idle connection between two requests: longer than load balancers keep theirs, which is 60 s. */
  KEEP_ALIVE_MS: 75_000,
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
  /** Under the 60 s at which managed load balancers cut what is silent: exactly 60 was cut each time, 45 to 55 pass. */
  HEARTBEAT_DEFAULT_MS: 50_000,
  /** Full-jitter reconnect: first window and cap. */
  RECONNECT_BASE_MS: 1_000,
  RECONNECT_MAX_MS: 60_000,
  /**
   * Window of the first reconnect after a link that stood was closed. Deploys and updates of the platform's runtime, a few a
   * week, close all links of a mesh at once: over 20 s, a million devices are 50,000 connects a second.
   */
  RECONNECT_FIRST_MS: 20_000,
  /** The same on one machine, which holds tens of thousands of links and takes 2,000 connects a second. */
  RECONNECT_FIRST_MACHINE_MS: 2_000,

  // ---- device
  /** Registrations (apps) of one device: keeps the socket attachment under 6 KB of the platform's 16. */
  REGISTRATIONS: 32,
  /** Messages waiting in one registration's mailbox. */
  MAILBOX_MESSAGES: 1_000,
  /** Their data, in bytes: MAILBOX_MESSAGES of DATA_BYTES, so that one newcomer never needs the room of two. */
  MAILBOX_BYTES: 4_096_000,
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
  /** Messages of one registration that other holders of an alias are to withdraw and could not be told of: about 200 bytes each in the same row. */
  UNTOLD: 64,
  /**
   * Life of an Idempotency-Key, from when its message was accepted: a signed request can be replayed for 300 s and skew, a
   * server SDK tries again for 45 s, and as much again for clocks that are set.
   */
  IDEMPOTENCY_KEY_MS: 600_000,
  /**
   * Final answers without a row that a device keeps over sleep and reconnect, the newest of all its registrations: 28 bytes each
   * of the socket's attachment, which is written anew with each (12 µs where it is small, 24 with 256 of them).
   */
  RECENT_KEYS: 128,
  /** Final answers remembered in memory, per registration, to answer a retry. */
  RECENT: 256,
  /** Duplicate window of the SDK, in message keys per lane of a registration. */
  DUPLICATE_WINDOW: 1_024,

  // ---- aliases and attributes
  /** Alias, UTF-8. */
  ALIAS_BYTES: 128,
  /** Aliases of one registration. */
  ALIASES: 16,
  /** Registrations that hold one shared alias: the devices of a user, and the most a send by alias calls. */
  ALIAS_HOLDERS: 128,
  /** Sets and unsets of one alias that wait for each other: all its holders at once, and as many who want it. */
  ALIAS_WAITING: 256,
  /** Devices whose latest order an alias remembers, about 100 bytes each: all holders of a shared one several times over. */
  ALIAS_ORDERS: 1_024,
  /**
   * Messages of `firstAckWins` of which an alias remembers for IDEMPOTENCY_KEY_MS who took them, about 120 bytes each in its row; as
   * many as a device remembers answers (RECENT_KEYS).
   */
  ALIAS_TAKEN: 128,
  /** Such messages of which it knows in memory who has heard, about 100 bytes a holder: of older ones all are told again. */
  ALIAS_TELLINGS: 32,
  /**
   * Signed changes of aliases and tags that one directory object of an app notes within the life of a signature, 7 minutes: over 300 a
   * second. A row of 30 bytes each, and 100 in memory.
   */
  SIGNED_CHANGES: 131_072,
  /** Holders of aliases one edge isolate keeps, about 150 bytes each, and for how long: a stale one is refused by the device, so this is only memory. */
  ALIAS_CACHE_COUNT: 10_000,
  ALIAS_CACHE_MS: 60_000,
  /** Custom attributes of one registration; their names and values, and those of the named ones, UTF-8. */
  ATTRIBUTES: 32,
  ATTRIBUTE_NAME_BYTES: 64,
  ATTRIBUTE_VALUE_BYTES: 128,

  // ---- tags
  /** Tag, UTF-8. */
  TAG_BYTES: 128,
  /** Tags of one registration, not counting the built-in one of all devices. */
  TAGS: 2_000,
  /** Tags of one device whose nodes did not answer its leaving yet; where more wait it joins and leaves no others. */
  TAGS_LEAVING: 2_000,
  /** Tags added and removed in one Subscribe. */
  SUBSCRIBE_TAGS: 100,
  /** Registrations in one server call that subscribes, unsubscribes, or sets an alias. */
  SUBSCRIBE_REGISTRATIONS: 1_000,
  /** Devices that such a call calls at once: of 1,000, each a few ms away, it is done well within a client's timeout. */
  SUBSCRIBE_CALLS: 32,
  /** Body of such a call: 1,000 regIds of 69 characters with quotes and comma, and room. */
  SUBSCRIBE_BODY_BYTES: 131_072,
  /**
   * Objects that an app's tag directory is spread over: one takes 200 to 500 reports a second, and a tag whose counts move sends
   * one every 10 s. A page asks them all. One where all objects share a thread. It never changes for a mesh.
   */
  TAG_DIRECTORY_SHARDS: 16,
  /** Members of one node of a tag: leaves near 1,000 keep a fan-out slice short (platform advice). */
  NODE_MEMBERS: 1_000,
  /** Children of a node: a hexadecimal digit of the device ID. */
  NODE_CHILDREN: 16,
  /** Depth of the tree: 8 digits are 4 × 10^9 nodes, more than any tag fills. */
  NODE_DEPTH: 8,
  /** How long a process starts joins at the depth it saw before it looks from the root again. */
  DEPTH_CACHE_MS: 60_000,
  DEPTH_CACHE_COUNT: 10_000,
  /** Joins, leaves and attaches of one device under way at once. */
  TAG_CALLS: 6,
  /** Unacknowledged broadcasts on a socket, per registration, and their data: they leave room for single sends. */
  BROADCAST_INFLIGHT: 32,
  BROADCAST_INFLIGHT_BYTES: 65_536,
  /** How long they wait at a time for single sends to the same registration, or for a socket that holds unsent bytes: as long as a send waits. */
  BROADCAST_YIELD_MS: 5_000,
  /** Cursors in one Hello: 2,000 of them are under 32 KiB. */
  HELLO_CURSORS: 2_000,

  // ---- broadcasts
  /** Broadcasts that a node keeps for devices that come back; the newest replaces the oldest. */
  LOG_ENTRIES: 128,
  /** Broadcasts that the root of a tag remembers, for their status and against replays. */
  ROOT_LOG_ENTRIES: 1_024,
  /** Broadcasts to several tags that a directory object of an app knows to be on their way to a root, 100 bytes each: seconds of them. */
  BROADCAST_CLAIMS: 4_096,
  /**
   * How long a ttl 0 broadcast is for a device that was there when it was accepted, and that its node had not heard of: as long as
   * an attach and its first retries take.
   */
  NOW_MS: 30_000,
  /** Entries and data in one page of catch-up. */
  CATCH_UP_ENTRIES: 32,
  CATCH_UP_BYTES: 65_536,
  /** Tags in one condition, and how deep it nests. */
  CONDITION_TAGS: 5,
  CONDITION_DEPTH: 5,
  /**
   * How long an edge isolate uses what it heard of a tag, and of how many tags: who may listen, about how many members there
   * are, which live node had room.
   */
  TAG_CACHE_MS: 10_000,
  TAG_CACHE_COUNT: 10_000,
  /** Values in one list of a filter. */
  FILTER_VALUES: 16,
  /** Pace of a broadcast, devices a second: below 1 nothing ends, above this it is as fast as it goes. */
  PACE_MAX: 1_000_000,
  /** How long a node waits for a device's acknowledgement before it counts the broadcast as delivered only. */
  BROADCAST_ACK_WAIT_MS: 5_000,
  /** Time of one slice of a node's fan-out: its driver hears from it that often. */
  SLICE_MS: 10_000,
  /** Devices of one node that are called at once, at the most; fewer where calls slow down. */
  FAN_OUT_CALLS: 64,
  /** Nodes of one tag that are called at once. */
  FAN_OUT_NODES: 32,
  /**
   * A member that cannot be called is tried so often beside the others, up to 1 s later and doubling; then the broadcast is owed to it.
   */
  FAN_OUT_TRIES: 5,
  /** A node that could not be called is tried so often beside the others; then the broadcast is owed to it. */
  NODE_TRIES: 3,
  /**
   * Debts that the root of a tag keeps, of one broadcast to one node each: about 40 bytes of its one row, whose bound is 2 MB. The
   * oldest is given up for a newer one. Also nodes of which it keeps, with one broadcast, that they owe it to members of theirs:
   * about 100 bytes of the broadcast's row; members of more nodes are counted as failed.
   */
  NODE_DEBTS: 4_096,
  /**
   * How late a join of a tag may come to its node, or a set to its alias, and how long these remember who left: longer than a call takes where all is
   * well, and no longer than an object stays in memory where something calls it.
   */
  JOIN_LATE_MS: 60_000,
  /** Leaves that a node of a tag remembers, about 100 bytes each; the oldest is forgotten for one more. */
  NODE_LEAVES: 4_096,
  /** How long one object waits for the answer of another, beyond what it asked it to take: what hangs must hold up nobody. */
  CALL_MS: 10_000,
  /**
   * How long a request waits, all in all, until there is room for the objects that it wakes, on workerd: half of the time that it has in
   * any case.
   */
  WAKE_WAIT_MS: 5_000,
  /**
   * After so long a command of a device about many names is answered though not all of it is done; and so long each of its calls waits for
   * room on workerd. Both together are as long as whoever commanded it waits (ACK_WAIT_MAX_MS).
   */
  COMMAND_MS: 10_000,
  /** How long a device waits for a node of a tag or an alias: longer than whoever commanded it does (ACK_WAIT_MAX_MS). */
  DEVICE_CALL_MS: 30_000,
  /** Levels below a driver that it calls by itself; nodes below those are driven by the node above them. */
  DRIVE_LEVELS: 2,
  /** How long after it has expired the status of a broadcast is kept by a tag that nobody is in any more: a day, to look it up. */
  TAG_STATUS_MS: 86_400_000,
  /** How late counts of members may be told to the root, and by it to the tag directory. */
  COUNT_DELAY_MS: 10_000,

  // ---- live listeners
  /** Sockets of one live node (platform limit: 32,768 hibernatable sockets an object). */
  LIVE_LISTENERS: 32_000,
  /** Live nodes of one tag and region. */
  LIVE_NODES: 64,
  /** Bytes a listener may leave unread before it is cut. */
  LIVE_BUFFER_BYTES: 262_144,
  /** Longest life (exp − iat) of a listen token. */
  LISTEN_TOKEN_MAX_AGE_SECONDS: 86_400,
  /** How often listeners hear how many they are, at the most. */
  PRESENCE_MS: 5_000,
  /**
   * Tags of one app, a second and at once, about which an edge isolate asks for those who listen without a token: any name
   * that they make up wakes an object. A tag that is known is not asked about, and one that was open when it was last is asked about
   * beside these: this is room for 1,000 others.
   */
  LIVE_QUESTIONS_PER_SECOND: 100,
  LIVE_QUESTIONS_BURST: 1_000,
  /** How long an edge isolate remembers that a tag was open: pages that come back at night are known in the morning. */
  OPEN_TAG_CACHE_MS: 86_400_000,
  /** Event streams on one HTTP/2 connection, by which a browser asks for those of all its tabs of one origin. */
  HTTP2_EVENT_STREAMS: 32,
  /** Comment sent to a silent event stream, so that proxies keep it open. */
  EVENT_STREAM_KEEPALIVE_MS: 25_000,

  // ---- tag directory
  /** Tags in one page of the directory. */
  DIRECTORY_PAGE: 100,
} as const;
