/**
 * The cover of a condition: tags that every matching device is a member of at least one of. A broadcast goes into their logs, and each
 * device evaluates the condition itself. So a cover has to be large enough, and should be small.
 */
import { type Condition, EVERYONE } from "./types.ts";

/** Members of a tag, approximately: a wrong count only makes the cover larger than necessary. */
type CountMembers = (tag: string) => number;

const union = (covers: readonly (readonly string[])[]): readonly string[] => {
  const tags = new Set(covers.flat());
  return tags.has(EVERYONE) ? [EVERYONE] : [...tags];
};

/** The parts of an `all` that can be its cover: a matching device matches each of them. The cover of a `not` is everyone. */
const parts = (all: readonly Condition[]): readonly Condition[] =>
  all.filter((part) => !("not" in part));

/**
 * The tags that cover a condition; only `EVERYONE` if no others do.
 *
 * @param count called only for the tags in `tagsToCount`
 */
export function coverOf(condition: Condition, count: CountMembers): readonly string[] {
  if ("tag" in condition) return [condition.tag];
  if ("any" in condition) return union(condition.any.map((part) => coverOf(part, count)));
  if ("not" in condition) return [EVERYONE];
  const [first = [EVERYONE], ...rest] = parts(condition.all).map((part) => coverOf(part, count));
  if (rest.length === 0) return first;
  const size = (cover: readonly string[]): number =>
    cover.reduce((sum, tag) => sum + (tag === EVERYONE ? Number.POSITIVE_INFINITY : count(tag)), 0);
  return rest.reduce((best, cover) => (size(cover) < size(best) ? cover : best), first);
}

/** The tags whose members `coverOf` has to count: those among which an `all` has a choice. */
export function tagsToCount(condition: Condition): readonly string[] {
  if ("tag" in condition || "not" in condition) return [];
  const inner = "any" in condition ? condition.any : parts(condition.all);
  const below = inner.flatMap(tagsToCount);
  const chosen = "all" in condition && inner.length > 1 ? inner.flatMap(positiveTags) : [];
  return [...new Set([...below, ...chosen])];
}

/** The tags of all possible covers, whatever the counts are. */
export function tagsOfCovers(condition: Condition): readonly string[] {
  if ("tag" in condition) return [condition.tag];
  if ("not" in condition) return [EVERYONE];
  const tags = new Set(
    ("any" in condition ? condition.any : parts(condition.all)).flatMap(tagsOfCovers),
  );
  return tags.size === 0 ? [EVERYONE] : [...tags];
}

function positiveTags(condition: Condition): readonly string[] {
  if ("tag" in condition) return [condition.tag];
  if ("not" in condition) return [];
  return ("any" in condition ? condition.any : condition.all).flatMap(positiveTags);
}

/** Whether a condition matches every member of its cover, so that devices need not evaluate it. */
export function isUnion(condition: Condition): boolean {
  return "tag" in condition || ("any" in condition && condition.any.every(isUnion));
}
