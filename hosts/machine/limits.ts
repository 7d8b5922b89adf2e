/** How many links a process can hold without running out of file descriptors, which would end it. */
import { execFileSync } from "node:child_process";
import { HostFailure } from "./failure.ts";

/** Descriptors kept for the process itself. */
const RESERVED_COUNT = 128;
/** The share of the remaining descriptors for links; the rest is for requests, and for objects that are awake without a link. */
const LINK_SHARE = 0.8;
/** Minimum descriptor limit: with less, hardly any links are left. */
const MIN_DESCRIPTORS = 256;
/** Bound for systems without a descriptor limit, because of memory: an awake device takes up to 280 KB (measured, workerd). */
const MAX_LINKS = 100_000;

/**
 * The limit of open files of the process. Node raises its soft limit to the hard one, and its children inherit that; Deno does not
 * change it.
 *
 * @returns a number of descriptors; Infinity without a limit
 */
export function descriptorLimit(): number {
  // Deno has no function for it: whoever starts it says. Otherwise the shell inherits the limit.
  const limit =
    process.env["PUSHMESH_OPEN_FILES"] ??
    execFileSync("/bin/sh", ["-c", "ulimit -n"], { encoding: "utf8" }).trim();
  return limit === "unlimited" ? Number.POSITIVE_INFINITY : Number(limit);
}

/**
 * The number of links that a descriptor limit allows, if all their devices are awake at once.
 *
 * @param perLink descriptors of a link and its awake device
 * @throws {HostFailure} if the limit is too low
 */
export function linksFor(descriptors: number, perLink: number): number {
  if (descriptors < MIN_DESCRIPTORS)
    throw new HostFailure(
      `the limit of open files is ${descriptors}, and at least ${MIN_DESCRIPTORS} are needed: raise it with ulimit -n`,
    );
  const links = Math.floor(((descriptors - RESERVED_COUNT) * LINK_SHARE) / perLink);
  return Math.min(links, MAX_LINKS);
}

/** The number of connections that there are descriptors for, of which `maxLinks` may be links. */
export const capacityFor = (maxLinks: number): number => Math.floor(maxLinks / LINK_SHARE);
