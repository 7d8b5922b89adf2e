/** The way of a long task on Deno to let sockets be heard. */
import { setImmediate } from "node:timers";

const NOTHING = new Uint8Array();
/** Work that goes on for longer without a look at sockets is what they would wait for. */
const FRESH_MS = 2;

/** When the loop looked at sockets last, as far as is known: `performance.now()`. */
let lookedAt = Number.NEGATIVE_INFINITY;

/** Something came on a socket: the loop looks at all of them, or at none. */
export function heard(): void {
  lookedAt = performance.now();
}

/**
 * Resolves when sockets and timers had their turn.
 *
 * The loop looks at sockets only when it has nothing else to do, or every 61st time round: whoever waits by
 * `setImmediate` keeps it from them for 20 ms and more, by a message port for seconds. So this waits for a thread of
 * Deno's pool, which takes 20 µs (measured beside it, at 300 µs of work a turn: a request answered in 0.15 ms, against 44;
 * docs/decisions/0006).
 */
export async function lookAtSockets(): Promise<void> {
  await crypto.subtle.digest("SHA-256", NOTHING);
}

/**
 * Runs a task in the next turn of the loop; where sockets were not looked at lately, they are before it. The thread of the pool is
 * waited for only then: where others want the cores, it comes late (measured: 2 of them under a load of 8, a sixth fewer
 * messages stored in a second where each commit waited for it).
 */
export function nextLoopTurn(task: () => void): void {
  const isFresh = performance.now() - lookedAt < FRESH_MS;
  // Not from here: the thread would be done before the rest of this turn is, and the loop go on without a look.
  setImmediate(isFresh ? task : () => void lookAtSockets().then(task));
}
