/** How long workerd keeps an object awake. */

/**
 * How long an object counts as awake after a call: workerd closes its database 10 s after the last call (measured), plus the time of the call.
 * The front counts with it what strangers wake, and `WakeLimiter` what devices and requests wake.
 */
export const AWAKE_MS = 13_000;
