/** Reads a log for devices that catch up. */
import { LIMITS } from "../../../schema/limits.ts";
import type { LogEntry } from "../calls/broadcast.ts";
import type { Replacement } from "../calls/membership.ts";
import type { LogHeader } from "../store.ts";
import type { Log } from "./log.ts";
import { replacementsIn } from "./replacements.ts";

/** One page of catch-up. */
export interface LogPage {
  readonly entries: readonly LogEntry[];
  /** The last position that the page covers. */
  readonly upTo: number;
  /** Later broadcasts with the entries' collapse keys that are for some members only: the device knows whether it is one. */
  readonly replacements: readonly Replacement[];
}

/**
 * The first page of what a device that has everything up to `after` missed.
 *
 * @param isForNow whether a ttl 0 broadcast is for the device: it was connected when the fan-out reached it, or will still be reached
 */
export function missedPage(
  log: Log,
  after: number,
  now: number,
  isForNow: (header: LogHeader) => boolean,
): LogPage {
  const entries: LogEntry[] = [];
  const { head } = log;
  const first = Math.max(after + 1, log.first, head + 1 - LIMITS.LOG_ENTRIES);
  let bytes = 0;
  let upTo = Math.max(after, first - 1);
  for (let position = first; position <= head; position++) {
    if (log.isWanted(position, now, isForNow)) {
      const size = log.header(position)?.bytes ?? 0;
      const isFull =
        entries.length >= LIMITS.CATCH_UP_ENTRIES ||
        (entries.length > 0 && bytes + size > LIMITS.CATCH_UP_BYTES);
      if (isFull) break;
      const entry = log.entry(position);
      if (entry !== undefined) entries.push(entry);
      bytes += size;
    }
    upTo = position;
  }
  return { entries, upTo, replacements: replacementsIn(entries, log.headers()) };
}
