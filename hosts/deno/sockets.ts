/** Lets the event loop read sockets during a long task on Deno. */
import { setImmediate } from "node:timers";

const NOTHING = new Uint8Array();
/** Sockets that were polled less than this time ago can wait for the next turn. */
const FRESH_MS = 2;

/** When the loop is known to have polled sockets last, by `performance.now()`. */
let polledAt = Number.NEGATIVE_INFINITY;

/** To be called when bytes arrive on a socket: the loop polls all sockets or none. */
export function socketsPolled(): void {
  polledAt = performance.now();
}

/**
 * Resolves after sockets and timers had their turn.
 *
 * The loop polls sockets only if it has nothing else to do, or in every 61st turn: a task that yields by `setImmediate` delays them by
 * 20 ms and more, one that yields by a message port by seconds. This waits for a thread of Deno's pool instead, which takes 20 µs (with
 * turns of 300 µs, requests were answered in 0.15 ms instead of 44; docs/decisions/0006).
 */
export async function pollSockets(): Promise<void> {
  await crypto.subtle.digest("SHA-256", NOTHING);
}

/**
 * Runs a task in the next turn of the loop, after polling sockets if that was not done recently. Only then does it wait for the pool's
 * thread, which is late on a busy machine: with 8 processes on 2 cores, a sixth fewer messages were stored a second when every commit
 * waited for it.
 */
export function nextLoopTurn(task: () => void): void {
  const isFresh = performance.now() - polledAt < FRESH_MS;
  // Not started in this turn: the thread would finish within it, and the loop would continue without polling.
  setImmediate(isFresh ? task : () => void pollSockets().then(task));
}
