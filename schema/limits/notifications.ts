/** Limits of the notification of a message: part of `LIMITS`. All of it, as compact JSON, counts against DATA_BYTES together with the data. */
export const NOTIFICATION_LIMITS = {
  /** Title, UTF-8: phones show some 50 characters. */
  NOTIFICATION_TITLE_BYTES: 256,
  /** Body, UTF-8: Android shows some 500 characters of an open notification, Chromium fewer. */
  NOTIFICATION_BODY_BYTES: 2_048,
  /** Each URL: short enough that all of a notification fits, long enough for a signed link to a picture. */
  NOTIFICATION_URL_BYTES: 1_024,
  /** Buttons: Android shows 3, Chromium 2. */
  NOTIFICATION_ACTIONS: 4,
  /** Name of a button, UTF-8. */
  NOTIFICATION_ACTION_BYTES: 64,
  /** Text of a button, UTF-8. */
  NOTIFICATION_ACTION_TITLE_BYTES: 128,
  /** Number on the app's icon: what a counter of unread messages needs; far below the i32 of the wire. */
  NOTIFICATION_BADGE_MAX: 99_999,
} as const;
