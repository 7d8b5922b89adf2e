/** One message at all clients of an app that listen. */
import type { PushMessage } from "../client/message.ts";
import { NOT_HANDLED } from "../client/message-handler.ts";
import type { Given, Peer } from "./peer.ts";

/**
 * Resolves when every client that is awake has handled the message, and at least one has: it is acknowledged then. Rejects with what a handler has
 * thrown, so that all get it again, of whom those that have handled it drop it; and with `NOT_HANDLED` if nobody was there to handle it.
 *
 * A client that is asleep has the message, and handles it when it wakes up: the others do not wait for it.
 */
export function fanOut(peers: Iterable<Peer>, message: PushMessage): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const given: Given[] = [];
  let isComplete = false;
  const look = (): void => {
    if (!isComplete || given.some(({ isAwaited }) => isAwaited)) return;
    const outcomes = given.map(({ outcome }) => outcome);
    const failed = outcomes.find((outcome) => outcome?.kind === "failed");
    if (failed?.kind === "failed") reject(failed.cause);
    else if (outcomes.some((outcome) => outcome?.kind === "handled")) resolve();
    // Those that are asleep may still handle it.
    else if (!outcomes.includes(undefined)) reject(NOT_HANDLED);
  };
  for (const peer of peers) given.push(peer.give(message, look));
  isComplete = true;
  look();
  return promise;
}
