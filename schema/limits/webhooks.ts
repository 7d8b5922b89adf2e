/** Limits of webhooks: what the mesh keeps for an app's server, and how long it tries to bring it there. */
export const WEBHOOK_LIMITS = {
  /** Endpoints of an app: one for each environment and purpose. Each is a copy of every event that it asks for. */
  WEBHOOKS: 8,
  WEBHOOK_URL_CHARS: 2_048,
  /** UTF-8. */
  WEBHOOK_DESCRIPTION_BYTES: 256,
  /** Bytes of a secret: as the output of its hash (RFC 2104 §3). Standard Webhooks asks for 24 to 64. */
  WEBHOOK_SECRET_BYTES: 32,
  /** How long a rotated secret still signs: a day, and at most a week, so that a forgotten one ends. */
  WEBHOOK_OVERLAP_SECONDS: 86_400,
  WEBHOOK_OVERLAP_MAX_SECONDS: 604_800,
  /** Secrets that sign at once: two rotations may overlap. */
  WEBHOOK_SECRETS: 3,
  /** Events and bytes of one request. Receivers commonly take bodies up to 1 MB. */
  WEBHOOK_BATCH_EVENTS: 100,
  WEBHOOK_BATCH_BYTES: 262_144,
  /** How long an event waits for others to share a request: too short for a person to notice. */
  WEBHOOK_BATCH_MS: 250,
  /** Requests to one endpoint at once, while it answers; while it fails, one. */
  WEBHOOK_PARALLEL: 4,
  /** How long the receiver may take for its whole answer: it should store and answer. Others allow 10 to 30 s. */
  WEBHOOK_ANSWER_MS: 10_000,
  /** Bytes of the answer that are read; those that a test shows. */
  WEBHOOK_ANSWER_BYTES: 16_384,
  WEBHOOK_SHOWN_BYTES: 1_024,
  /**
   * Events of one device that wait for the app's webhooks: bytes of one call, about 250 events, and rows beyond which the oldest go. The webhooks
   * answer as soon as they have stored them, so this much is there only if their object fails for hours.
   */
  RECEIPTS_CALL_BYTES: 65_536,
  RECEIPTS_ROWS: 64,
  /** Messages with a label: how long their list has them, how many in one object of the app, and in a page. The oldest go first. */
  LABELLED_MS: 2_592_000_000,
  LABELLED_ROWS: 200_000,
  LABELLED_PAGE: 100,
  /** Messages of one device to its app's server: rate, and burst. What a person does by hand, and a page that comes back. */
  UPSTREAM_PER_SECOND: 1,
  UPSTREAM_BURST: 60,
  /** The same of all devices of an app, for each object of its webhooks: about what one object stores beside receipts. */
  UPSTREAM_APP_PER_SECOND: 200,
  UPSTREAM_APP_BURST: 2_000,
  UPSTREAM_KEY_BYTES: 32,
  /** How long a message is known by its key: a device repeats it within minutes of its link, and gives it up with its process. */
  UPSTREAM_ONCE_MS: 259_200_000,
  /** How long an event is retried. */
  WEBHOOK_RETRY_MS: 86_400_000,
  /** The longest wait between two attempts at an endpoint that fails. */
  WEBHOOK_BACKOFF_MAX_MS: 600_000,
  /** The longest `Retry-After` that is followed: a wrong one must not hold back a day's events. */
  WEBHOOK_RETRY_AFTER_MAX_MS: 3_600_000,
  /** After this long without a success, an endpoint is disabled: a long weekend. */
  WEBHOOK_FAILING_MS: 259_200_000,
  /** Events that wait for one endpoint in one object, about 30 MB. Beyond, the oldest become dead letters. */
  WEBHOOK_WAITING_EVENTS: 100_000,
  /** Dead letters of one endpoint in one object, and how long they are kept: time to notice, to mend, and to replay. */
  WEBHOOK_DEAD_EVENTS: 10_000,
  WEBHOOK_DEAD_MS: 604_800_000,
  /** Dead letters in a page of the list, and in one call that replays. */
  WEBHOOK_DEAD_PAGE: 100,
  /**
   * How long delivered events are remembered, so that a device which did not get the answer to its call and calls again makes no double. It calls
   * again within a minute, then within three, then seven.
   */
  WEBHOOK_DEDUPE_MS: 600_000,
  /** How long an object uses what it knows about the app's endpoints, if another one keeps them. */
  WEBHOOK_ENDPOINTS_MS: 30_000,
  /** How long one alarm delivers before it goes on in the next: an alarm of Workers ends after 15 minutes. */
  WEBHOOK_RUN_MS: 60_000,
} as const;
