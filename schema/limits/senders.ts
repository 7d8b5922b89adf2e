/** Sender links: WebSockets by which app servers send without end. */
export const SENDER_LIMITS = {
  /** Sender links of one process or isolate: each holds SENDER_FIRST_BYTES at least, 64 MiB together. */
  SENDER_LINKS: 512,
  /** Of one app: all servers of a large one. */
  SENDER_LINKS_APP: 64,
  /** Of one network (an IPv4 address or an IPv6 /64): several apps behind one address. */
  SENDER_LINKS_NETWORK: 128,
  /** Sends without a result with which a link begins, and their bytes. */
  SENDER_FIRST_SENDS: 64,
  SENDER_FIRST_BYTES: 131_072,
  /** The most that a link gets. More sends would be more than a client may send in one burst (CLIENT_MESSAGES_BURST). */
  SENDER_SENDS: 512,
  SENDER_BYTES: 1_048_576,
  /** What all links of a process or isolate get beyond SENDER_FIRST_BYTES. */
  SENDER_ALL_BYTES: 67_108_864,
  /** How long a sender may be silent before it sends a heartbeat: see HEARTBEAT_DEFAULT_MS. */
  SENDER_HEARTBEAT_MS: 50_000,
  /** Silence after which a sender link is closed: two heartbeats, and some time for a slow network. */
  SENDER_SILENT_MS: 120_000,
  /**
   * How often a link looks whether its key still counts: an idle one. One that sends looks every second. With the age of a cached record
   * (APP_REFRESH_MS), a revoked key ends its links within 30 s.
   */
  SENDER_LOOK_MS: 5_000,
  SENDER_LOOK_BUSY_MS: 1_000,
  /**
   * Calls of objects after which Cloudflare's edge asks for another link: an invocation may make 10,000, and all that happens on a WebSocket of
   * the edge is one invocation.
   */
  SENDER_CALLS: 8_000,
  /** Window in which a sender whose link is drained opens another. */
  SENDER_RECONNECT_MS: 1_000,
} as const;
