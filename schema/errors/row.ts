/** A row of the error table. */

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
  /** HTTP status of the answer; null if it is never an HTTP answer. */
  readonly status: number | null;
  /** WebSocket close code; null if it never closes a socket. */
  readonly close: number | null;
  readonly retry: Retry;
  /** One line for a person. */
  readonly title: string;
  /** What to do about it. */
  readonly advice: string;
}

/** Without this annotation, a bundler keeps the whole table for `closeVerdict`: its texts are larger than the device SDK. */
/* @__NO_SIDE_EFFECTS__ */ export const row = (
  number: number,
  status: number | null,
  close: number | null,
  retry: Retry,
  title: string,
  advice: string,
): ErrorRow => ({ number, status, close, retry, title, advice });
