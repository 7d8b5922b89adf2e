/** How many links a process can carry: a host that runs out of file descriptors fails, so it must not come to that. */
import { execFileSync } from "node:child_process";
import { HostFailure } from "./failure.ts";

/** Descriptors of the process itself, of HTTP requests under way, and of objects awake for a send with no link. */
const RESERVED = 128;
/** Of what is left, the share for links; the rest is for requests and for objects that are awake without a link. */
export const LINK_SHARE = 0.8;
/** Below this too little is left to carry any links worth a start. */
const LEAST = 256;
/** No limit in the system does not mean no limit in memory: an awake device takes up to 280 KB (measured, workerd). */
const MOST_LINKS = 100_000;

/**
 * The process's limit of open files. Node raises its soft limit to the hard one as it starts, and passes that on to
 * what it starts; Deno leaves it as it is.
 *
 * @returns a number of descriptors; Infinity where there is no limit.
 */
export function descriptorLimit(): number {
  // The shell inherits the limit. Only Node could tell it by itself.
  const limit = execFileSync("/bin/sh", ["-c", "ulimit -n"], { encoding: "utf8" }).trim();
  return limit === "unlimited" ? Number.POSITIVE_INFINITY : Number(limit);
}

/**
 * The links that a descriptor limit allows, if all their devices are awake at once.
 *
 * @param perLink descriptors of a link and its awake device.
 * @throws {HostFailure} where the limit is too low to start with.
 */
export function linksFor(descriptors: number, perLink: number): number {
  if (descriptors < LEAST)
    throw new HostFailure(
      `the limit of open files is ${descriptors}, and at least ${LEAST} are needed: raise it with ulimit -n`,
    );
  const links = Math.floor(((descriptors - RESERVED) * LINK_SHARE) / perLink);
  return Math.min(links, MOST_LINKS);
}
