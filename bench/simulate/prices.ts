/**
 * What Cloudflare charges on the paid plan, in dollars a million, above what the plan includes
 * (developers.cloudflare.com/durable-objects/platform/pricing and …/workers/platform/pricing, November 2026).
 */
export const PRICES = {
  /** A row inserted, changed or deleted, an index's too; setting an alarm is one. */
  rowWritten: 1.0,
  /** A call, an HTTP request or an alarm of an object; twenty incoming WebSocket messages are one. */
  objectRequest: 0.15,
  /** A GB-second of an object that runs, or waits for something: 128 MB whatever it uses. */
  gigabyteSecond: 12.5,
  /** A request to the Worker. */
  workerRequest: 0.3,
} as const;

/** Incoming WebSocket messages that are charged as one request of an object; outgoing ones are free. */
export const MESSAGES_A_REQUEST = 20;
/** What an object is charged for while it is in memory, GB. */
export const OBJECT_GB = 0.128;

/** What is paid for. */
export interface Usage {
  readonly workerRequests: number;
  /** Twentieths for incoming WebSocket messages. */
  readonly objectRequests: number;
  readonly rows: number;
  readonly objectSeconds: number;
}

/** In dollars. */
export function priceOf({ workerRequests, objectRequests, rows, objectSeconds }: Usage): number {
  const millions =
    workerRequests * PRICES.workerRequest +
    objectRequests * PRICES.objectRequest +
    rows * PRICES.rowWritten +
    objectSeconds * OBJECT_GB * PRICES.gigabyteSecond;
  return millions / 1e6;
}
