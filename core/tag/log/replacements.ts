/**
 * Which broadcasts replace earlier ones of their collapse key, and for whom. One that is for some members only replaces
 * nothing for the others, and only a device knows whether it is for it: see docs/spec.md, B12.
 */
import { LIMITS } from "../../../schema/limits.ts";
import { isNowOrNever } from "../../message/clock.ts";
import type { LogEntry, Replacement } from "../types.ts";

type Replacing = Pick<LogEntry, "position" | "seq" | "collapseKey" | "condition" | "filter">;

/** One of ttl 0 replaces nothing: who is away now never gets it. */
const replacesForSome = ({ seq }: Replacing): boolean => !isNowOrNever(seq);

/** Whether every member has it in place of what came before it. */
export const replacesForAll = (later: Replacing): boolean =>
  replacesForSome(later) && later.condition === null && later.filter === null;

/**
 * What a device needs to know of later broadcasts to tell which of these entries it still wants, in at most
 * `LIMITS.CATCH_UP_BYTES` of text; of what does not fit an app gets more than the newest, and nothing is lost.
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
  /** Of the same members the newest replaces all that the others do. */
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
