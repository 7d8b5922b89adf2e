/** How many links the process can carry. Running out of file descriptors aborts workerd, so it must not come to that. */
import { HostFailure } from "../machine/failure.ts";

/** Descriptors of an awake device: its socket, both ends of the way to its object, and its database (measured). */
const PER_AWAKE_DEVICE = 5;
/** Descriptors of the process itself, of HTTP requests under way, and of objects awake for a send with no link. */
const RESERVED = 128;
/** Of what is left, the share for links; the rest is for objects that are awake without one. */
const LINK_SHARE = 0.8;
/** Below this too little is left to carry any links worth a start. */
const LEAST = 256;

/**
 * Reads the process's limit. Node has raised its soft limit to the hard one by then, and workerd inherits that.
 *
 * @returns a number of descriptors; Infinity where there is no limit.
 */
export function descriptorLimit(): number {
  const report = process.report.getReport() as unknown as {
    userLimits: { open_files: { soft: number | "unlimited" } };
  };
  const { soft } = report.userLimits.open_files;
  return soft === "unlimited" ? Number.POSITIVE_INFINITY : soft;
}

/** No limit in the system does not mean no limit in memory: an awake device takes 280 KB (measured). */
const MOST_LINKS = 100_000;

/**
 * The links that a descriptor limit allows, if all their devices are awake at once.
 *
 * @throws {HostFailure} where the limit is too low to start with.
 */
export function linksFor(descriptors: number): number {
  if (descriptors < LEAST)
    throw new HostFailure(
      `the limit of open files is ${descriptors}, and at least ${LEAST} are needed: raise it with ulimit -n`,
    );
  const links = Math.floor(((descriptors - RESERVED) * LINK_SHARE) / PER_AWAKE_DEVICE);
  return Math.min(links, MOST_LINKS);
}
