/** How long workerd keeps an object awake. */

/**
 * How long an object counts from when it was asked: the 10 s after which workerd closes its database (measured), and the request. The front
 * counts by it what strangers wake, and `CallRoom` what devices do.
 */
export const AWAKE_MS = 13_000;
