import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { coverOf, isUnion, tagsOfCovers, tagsToCount } from "../../../core/condition/cover.ts";
import type { Condition } from "../../../core/condition/types.ts";
import { EVERYONE } from "../../../core/condition/types.ts";

const [a, b, c] = ["a", "b", "c"].map((tag) => ({ tag })) as [Condition, Condition, Condition];
const MEMBERS: Record<string, number> = { a: 100, b: 10, c: 50, d: 0, e: 7 };
const count = (tag: string): number => MEMBERS[tag] ?? Number.NaN;
const refuse = (tag: string): number => {
  throw new Error(`${tag} was counted`);
};

describe("B22 the tags that cover a condition", () => {
  it.each<[string, Condition, string[]]>([
    ["a tag is its own", a, ["a"]],
    ["any takes all of its parts, each once", { any: [a, { any: [b, a] }] }, ["a", "b"]],
    ["all takes its smallest part", { all: [a, b, c] }, ["b"]],
    ["all weighs a union by its sum", { all: [c, { any: [b, a] }] }, ["c"]],
    ["all leaves out what it excepts", { all: [{ not: b }, a] }, ["a"]],
    ["an exception alone is of everyone", { not: a }, [EVERYONE]],
    ["all of exceptions is of everyone", { all: [{ not: a }, { not: b }] }, [EVERYONE]],
    ["a union with an exception is of everyone alone", { any: [a, { not: b }] }, [EVERYONE]],
    ["all prefers any tag to everyone", { all: [{ any: [b, { not: c }] }, a] }, ["a"]],
    ["all takes the first of equals", { all: [a, { tag: "a" }] }, ["a"]],
    ["twice excepted is still of everyone", { not: { not: a } }, [EVERYONE]],
  ])("%s", (_, condition, cover) => {
    expect(coverOf(condition, count)).toEqual(cover);
  });

  it.each<[Condition, string[]]>([
    [a, []],
    [{ any: [a, b] }, []],
    [{ not: { all: [a, b] } }, []],
    [{ all: [a, { not: b }] }, []],
    [{ all: [a, b, { not: c }] }, ["a", "b"]],
    [{ any: [{ all: [a, b] }, c] }, ["a", "b"]],
  ])("%j needs the counts of %j", (condition, tags) => {
    expect(tagsToCount(condition)).toEqual(tags);
    if (tags.length === 0) expect(coverOf(condition, refuse)).toBeDefined();
  });

  it("a union of tags alone holds for every member of its cover", () => {
    expect([a, { any: [a, { any: [b] }] }].map(isUnion)).toEqual([true, true]);
    expect([{ not: a }, { all: [a] }, { any: [a, { not: b }] }].map(isUnion)).toEqual([
      false,
      false,
      false,
    ]);
  });
});

const { condition } = fc.letrec<{ condition: Condition }>((tie) => ({
  condition: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.record({ tag: fc.constantFrom(...Object.keys(MEMBERS)) }),
    fc.record({ any: fc.array(tie("condition"), { minLength: 1, maxLength: 3 }) }),
    fc.record({ all: fc.array(tie("condition"), { minLength: 1, maxLength: 3 }) }),
    fc.record({ not: tie("condition") }),
  ),
}));

/** What a condition says, in the plainest words. */
function holds(condition: Condition, tags: ReadonlySet<string>): boolean {
  if ("tag" in condition) return tags.has(condition.tag);
  if ("any" in condition) return condition.any.some((part) => holds(part, tags));
  if ("all" in condition) return condition.all.every((part) => holds(part, tags));
  return !holds(condition.not, tags);
}

const memberships = fc.uniqueArray(fc.constantFrom(...Object.keys(MEMBERS)));

it("B22 whoever a condition holds for is in its cover, and no count is asked for in vain", () => {
  fc.assert(
    fc.property(condition, memberships, (condition, tags) => {
      const counted = tagsToCount(condition);
      const cover = coverOf(condition, (tag) => (counted.includes(tag) ? count(tag) : refuse(tag)));
      expect(new Set(cover).size).toBe(cover.length);
      if (!holds(condition, new Set(tags))) return;
      expect(cover.some((tag) => tag === EVERYONE || tags.includes(tag))).toBe(true);
    }),
    { numRuns: 2_000 },
  );
});

it("P2.2 B4 whatever the counts, the tags of a cover are among those that may be", () => {
  const counts = fc.array(fc.nat(9), { minLength: Object.keys(MEMBERS).length });
  fc.assert(
    fc.property(condition, counts, (condition, counts) => {
      const cover = coverOf(condition, (tag) => counts[Object.keys(MEMBERS).indexOf(tag)] ?? 0);
      const tags = tagsOfCovers(condition);
      for (const tag of cover) expect(tags).toContain(tag);
    }),
    { numRuns: 2_000 },
  );
});

it("a union holds for whoever is in its cover", () => {
  fc.assert(
    fc.property(condition, memberships, (condition, tags) => {
      fc.pre(isUnion(condition));
      const covered = coverOf(condition, count).some((tag) => tags.includes(tag));
      expect(holds(condition, new Set(tags))).toBe(covered);
    }),
  );
});
