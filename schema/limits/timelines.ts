/** Limits of what is kept about messages that are followed: part of `LIMITS`. */
export const TIMELINE_LIMITS = {
  /** Timelines of one device, up to 2 KB each: as many as a mailbox has messages. The oldest makes room. */
  TIMELINES: 1_000,
  /** Events of one timeline. What happened again later makes room. */
  TIMELINE_EVENTS: 50,
  /** How long a timeline is kept after its message ended: 30 days, in which a notification may still be clicked. */
  TIMELINE_MS: 2_592_000_000,
} as const;
