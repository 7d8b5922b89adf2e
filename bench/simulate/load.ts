/**
 * A day of messages on Cloudflare: what singles and broadcasts take of what is paid for. Every figure of one message is
 * counted by tests (docs/spec.md, P6) or is a simulated broadcast's.
 */
import { LIMITS } from "../../schema/limits.ts";
import { MESSAGES_A_REQUEST, priceOf, type Usage } from "./prices.ts";
import type { Profile } from "./profile.ts";

/** What one message to one device takes. */
export type Kind = "single" | "queued" | "broadcast" | "live";

/** The mean of a log-normal number. */
const meanOf = (median: number, spread: number): number => median * Math.exp(spread ** 2 / 2);

/** How long a device's object waits for its app's acknowledgement, s, silent devices included. */
export function waitSeconds({ deviceMs, spread, silent }: Profile, mostMs: number): number {
  return ((1 - silent) * meanOf(deviceMs, spread) + silent * mostMs) / 1_000;
}

/**
 * One message of a kind.
 *
 * @param perMember of a broadcast: what all of it takes, by member
 */
export function usageOf(kind: Kind, profile: Profile, perMember: Usage): Usage {
  const acknowledgement = 1 / MESSAGES_A_REQUEST;
  switch (kind) {
    case "single":
      return {
        workerRequests: 1,
        objectRequests: 1 + acknowledgement,
        rows: 0,
        objectSeconds: waitSeconds(profile, LIMITS.ACK_WAIT_DEFAULT_MS),
      };
    case "queued":
      // Its row, the row's deletion, and the alarm of a mailbox that was empty.
      return {
        workerRequests: 1,
        objectRequests: 1 + acknowledgement,
        rows: 3,
        objectSeconds: 0,
      };
    case "broadcast":
      return perMember;
    case "live":
      // A node sends to thousands; its own call and row are nothing to each.
      return {
        workerRequests: 0,
        objectRequests: 2 / LIMITS.LIVE_LISTENERS,
        rows: 1 / LIMITS.LIVE_LISTENERS,
        objectSeconds: 0,
      };
  }
}

/** So many messages of a kind. */
export function times(usage: Usage, count: number): Usage & { readonly price: number } {
  const all = {
    workerRequests: usage.workerRequests * count,
    objectRequests: usage.objectRequests * count,
    rows: usage.rows * count,
    objectSeconds: usage.objectSeconds * count,
  };
  return { ...all, price: priceOf(all) };
}
