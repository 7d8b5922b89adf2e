/**
 * In which tags' logs a broadcast has to be, so that every device that its condition holds for hears of it. The device
 * evaluates the condition; the cover only has to be large enough, and should be small.
 */
import { type Condition, EVERYONE } from "./types.ts";

/** Members of a tag, about: a wrong number makes the cover larger than it could be, and nothing else. */
type CountMembers = (tag: string) => number;

const union = (covers: readonly (readonly string[])[]): readonly string[] => {
  const tags = new Set(covers.flat());
  return tags.has(EVERYONE) ? [EVERYONE] : [...tags];
};

/** What an `all` chooses from: whoever it holds for is in each of them. A `not` alone covers nothing but everyone. */
const parts = (all: readonly Condition[]): readonly Condition[] =>
  all.filter((part) => !("not" in part));

/**
 * The tags that cover a condition; the tag of everyone, and that alone, where no other does.
 *
 * @param count asked only where an `all` has a choice: see `tagsToCount`
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

/** The tags whose members `coverOf` has to know: none where there is no choice. */
export function tagsToCount(condition: Condition): readonly string[] {
  if ("tag" in condition || "not" in condition) return [];
  const inner = "any" in condition ? condition.any : parts(condition.all);
  const below = inner.flatMap(tagsToCount);
  const chosen = "all" in condition && inner.length > 1 ? inner.flatMap(positiveTags) : [];
  return [...new Set([...below, ...chosen])];
}

/** The tags of all covers there may be, by what counts there may be. */
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

/** Whether a condition holds for every member of its cover, so that devices need not be told of it. */
export function isUnion(condition: Condition): boolean {
  return "tag" in condition || ("any" in condition && condition.any.every(isUnion));
}
