/** Limits of broadcasts, live listeners and the tag directory. */
export const BROADCAST_LIMITS = {
  // ---- broadcasts
  /** Broadcasts that a node keeps for devices that come back; the newest replaces the oldest. */
  LOG_ENTRIES: 128,
  /** Broadcasts that the root of a tag remembers, for their status and to detect replays. */
  ROOT_LOG_ENTRIES: 1_024,
  /** Broadcasts of a tag that wait for their time: with 4 KiB each, half a megabyte that the root reads when it looks for one. */
  SCHEDULED_BROADCASTS: 128,
  /**
   * Broadcasts to several tags that a directory object of an app knows to be on their way to a root, 100 bytes each: seconds of them.
   */
  BROADCAST_CLAIMS: 4_096,
  /**
   * How long a ttl 0 broadcast is valid for a device that was there when it was accepted but that its node did not know yet: as long as an attach and its
   * first retries take.
   */
  NOW_MS: 30_000,
  /** Entries and data in one page of catch-up. */
  CATCH_UP_ENTRIES: 32,
  CATCH_UP_BYTES: 65_536,
  /** Tags in one condition, and how deep it nests. */
  CONDITION_TAGS: 5,
  CONDITION_DEPTH: 5,
  /**
   * How long, and for how many tags, an edge isolate caches what it knows about a tag: who may listen, roughly how many members it has, which live
   * node had room.
   */
  TAG_CACHE_MS: 10_000,
  TAG_CACHE_COUNT: 10_000,
  /** Values in one list of a filter. */
  FILTER_VALUES: 16,
  /** Pace of a broadcast in devices per second: below 1 nothing ends, above this it is as fast as possible. */
  PACE_MAX: 1_000_000,
  /** How long a node waits for a device's acknowledgement before it counts the broadcast as delivered only. */
  BROADCAST_ACK_WAIT_MS: 5_000,
  /** Duration of one slice of a node's fan-out: its driver gets a report this often. */
  SLICE_MS: 10_000,
  /** Devices of one node that are called at once, at most; fewer if calls slow down. */
  FAN_OUT_CALLS: 64,
  /** Nodes of one tag that are called at once. */
  FAN_OUT_NODES: 32,
  /**
   * How often a member that cannot be called is retried alongside the others, after up to 1 s and doubling; then the node owes it the broadcast.
   */
  FAN_OUT_TRIES: 5,
  /** How often a node that could not be called is retried alongside the others; then the root owes it the broadcast. */
  NODE_TRIES: 3,
  /**
   * Debts that the root of a tag keeps, each of one broadcast to one node: about 40 bytes of its one row, which is limited to 2 MB. The oldest is dropped
   * for a newer one. Also the number of nodes for which it keeps, per broadcast, that they owe it to members: about 100 bytes of the broadcast's row.
   * Members of further nodes count as failed.
   */
  NODE_DEBTS: 4_096,
  /**
   * How late a join of a tag may arrive at its node, or a set at its alias, and how long these remember who left: longer than a call normally takes, and no
   * longer than an object stays in memory while something calls it.
   */
  JOIN_LATE_MS: 60_000,
  /** Leaves that a node of a tag remembers, about 100 bytes each; the oldest is dropped for a new one. */
  NODE_LEAVES: 4_096,
  /**
   * How long one object waits for another, in addition to the time it asked it to take: an object that hangs must delay nobody.
   */
  CALL_MS: 10_000,
  /** How long a request waits in total for room for the objects that it wakes, on workerd: half of its time. */
  WAKE_WAIT_MS: 5_000,
  /**
   * After this time a device's command about many names is answered even if it is not complete. Each of its calls also waits this long for room on
   * workerd. Both together are as long as the device waits (ACK_WAIT_MAX_MS).
   */
  COMMAND_MS: 10_000,
  /**
   * How long a device waits for a node of a tag or an alias: longer than the sender of the command does (ACK_WAIT_MAX_MS).
   */
  DEVICE_CALL_MS: 30_000,
  /** Levels below a driver that it calls itself; the nodes above deeper ones drive those. */
  DRIVE_LEVELS: 2,
  /** How long a tag without members keeps the status of an expired broadcast: a day, to look it up. */
  TAG_STATUS_MS: 86_400_000,
  /** How late counts of members may be reported to the root, and by the root to the tag directory. */
  COUNT_DELAY_MS: 10_000,

  // ---- live listeners
  /** Sockets of one live node (the platform allows 32,768 hibernatable sockets per object). */
  LIVE_LISTENERS: 32_000,
  /** Live nodes of one tag and region. */
  LIVE_NODES: 64,
  /**
   * How often a live node looks for expired listen tokens if nothing is sent: an alarm costs a row and a request. Nobody with an expired
   * token hears anything before.
   */
  LIVE_EXPIRY_MS: 300_000,
  /** Bytes that a listener may leave unread before it is disconnected. */
  LIVE_BUFFER_BYTES: 262_144,
  /** Longest life (exp − iat) of a listen token. */
  LISTEN_TOKEN_MAX_AGE_SECONDS: 86_400,
  /** How often listeners learn how many they are, at most. */
  PRESENCE_MS: 5_000,
  /**
   * Tags of one app that an edge isolate looks up for listeners without a token: rate, and burst. Each name that they make up wakes an object. A known tag
   * is not looked up, and one that was open last time has a separate budget: this one is for 1,000 others.
   */
  LIVE_QUESTIONS_PER_SECOND: 100,
  LIVE_QUESTIONS_BURST: 1_000,
  /**
   * How long an edge isolate remembers that a tag was open: tags of pages that are closed overnight are known in the morning.
   */
  OPEN_TAG_CACHE_MS: 86_400_000,
  /** Event streams on one HTTP/2 connection, which a browser shares among all its tabs of one origin. */
  HTTP2_EVENT_STREAMS: 32,
  /** Comment sent to a silent event stream, so that proxies keep it open. */
  EVENT_STREAM_KEEPALIVE_MS: 25_000,

  // ---- tag directory
  /** Tags in one page of the directory. */
  DIRECTORY_PAGE: 100,
} as const;
