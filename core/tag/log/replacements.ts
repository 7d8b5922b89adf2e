/**
 * Which broadcasts replace earlier ones with the same collapse key, and for whom. A broadcast for some members replaces nothing for
 * the others, and only the device knows whether it is for itself: see B12 in docs/spec.md.
 */
import { LIMITS } from "../../../schema/limits.ts";
import { isNowOrNever } from "../../message/clock.ts";
import type { LogEntry } from "../calls/broadcast.ts";
import type { Replacement } from "../calls/membership.ts";

type Replacing = Pick<LogEntry, "position" | "seq" | "collapseKey" | "condition" | "filter">;

/** A ttl 0 broadcast replaces nothing, because devices that are offline never get it. */
const replacesForSome = ({ seq }: Replacing): boolean => !isNowOrNever(seq);

/** Whether it replaces earlier ones for all members. */
export const replacesForAll = (later: Replacing): boolean =>
  replacesForSome(later) && later.condition === null && later.filter === null;

/**
 * The later broadcasts that a device has to know of to skip entries that were replaced for it, in at most `LIMITS.CATCH_UP_BYTES` of
 * text. If some do not fit, an app gets more than the newest, and nothing is lost.
 *
 * @param later newest first
 */
export function replacementsIn(
  entries: readonly LogEntry[],
  later: Iterable<Replacing>,
): readonly Replacement[] {
  const keys = new Set(entries.map(({ collapseKey }) => collapseKey));
  keys.delete(null);
  const replacements: Replacement[] = [];
  if (keys.size === 0) return replacements;
  const first = entries[0]?.position ?? 0;
  /** Collapse keys with condition and filter: the newest for the same members replaces whatever older ones do. */
  const seen = new Set<string>();
  let length = 0;
  for (const header of later) {
    const { position, collapseKey, condition, filter } = header;
    if (position <= first) break;
    if (collapseKey === null || !keys.has(collapseKey)) continue;
    if (!replacesForSome(header) || replacesForAll(header)) continue;
    const text = JSON.stringify([collapseKey, condition, filter]);
    if (seen.has(text)) continue;
    length += text.length;
    if (length > LIMITS.CATCH_UP_BYTES) break;
    seen.add(text);
    replacements.push({ position, collapseKey, condition, filter });
  }
  return replacements;
}
