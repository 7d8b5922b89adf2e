/** The share that one network (worker/request/network.ts) may have of the connections that are not registered devices'. */
import { MeshError } from "../../../../schema/errors.ts";
import { isLoopback } from "../../../../worker/request/network.ts";

/** Of all connections; the minimum is for a small mesh. */
const ADDRESS_SHARE = 0.25;
export const ADDRESS_MIN_COUNT = 32;
/** A local proxy brings every client from this address; one connection in ten stays free of it. */
const LOOPBACK_SHARE = 0.9;

/** Detail of the refusal when an address is over its share. */
export const OVER_SHARE = "this address holds as many connections as it may";
/** The same for an app. It is soon over: a request that waits for an acknowledgement takes seconds. */
export const appOverShare = (): MeshError =>
  new MeshError("too_many_requests", "this app has as many requests in progress as it may", {
    retryAfterMs: 1_000,
  });
/** Stands for no address: a trusted proxy's connection while it carries no client's stream. It has no share. */
export const NOBODY = "";

/** Between 0 and 1. */
export const addressShare = (address: string): number =>
  isLoopback(address) ? LOOPBACK_SHARE : ADDRESS_SHARE;

/** How many connections an address may hold of `capacity`. */
export const connectionsOf = (address: string, capacity: number): number =>
  Math.max(ADDRESS_MIN_COUNT, Math.floor(capacity * addressShare(address)));
