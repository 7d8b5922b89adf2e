/** Limits of what is kept about messages that are followed: part of `LIMITS`. */
export const TIMELINE_LIMITS = {
  /** Timelines of one device, up to 2 KB each: as many as a mailbox has messages. The oldest makes room. */
  TIMELINES: 1_000,
  /** Events of one timeline. What happened again later makes room. */
  TIMELINE_EVENTS: 50,
  /** How long a timeline is kept after its message ended: 30 days, in which a notification may still be clicked. */
  TIMELINE_MS: 2_592_000_000,
  /** Recalls that a device has not answered, of one registration: about 60 bytes each in the row of its outcomes. The oldest makes room. */
  RECALLS: 128,
  /** How long they are kept: the longest ttl of a message. */
  RECALL_MS: 2_419_200_000,
  /** Events in one DeviceEvents frame: a device that was offline has few, and each may write a row. */
  DEVICE_EVENTS: 64,
  /** Name of a notification's action, UTF-8, in the event of a click. */
  ACTION_BYTES: 64,
} as const;
