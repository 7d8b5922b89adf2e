import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  compareVersions,
  matchesCondition,
  matchesFilter,
} from "../../../core/condition/evaluate.ts";
import type { Attributes, Condition, Filter } from "../../../core/condition/types.ts";

const TAGS = ["a", "b", "c", ""];

const condition: fc.Arbitrary<Condition> = fc.letrec<{ node: Condition }>((tie) => ({
  node: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.record({ tag: fc.constantFrom(...TAGS) }),
    fc.record({ any: fc.array(tie("node"), { minLength: 1, maxLength: 3 }) }),
    fc.record({ all: fc.array(tie("node"), { minLength: 1, maxLength: 3 }) }),
    fc.record({ not: tie("node") }),
  ),
})).node;

/** The condition as the text of a JavaScript expression over the tags. */
function expression(part: Condition): string {
  if ("tag" in part) return `tags.has(${JSON.stringify(part.tag)})`;
  if ("not" in part) return `!(${expression(part.not)})`;
  const [parts, operator] = "any" in part ? [part.any, "||"] : [part.all, "&&"];
  return parts.map((each) => `(${expression(each)})`).join(operator);
}

const attributes = (fields: Partial<Attributes> = {}): Attributes => ({
  platform: null,
  appVersion: null,
  locale: null,
  custom: {},
  ...fields,
});

describe("conditions", () => {
  test("hold where the boolean expression holds that they are", () => {
    fc.assert(
      fc.property(condition, fc.subarray(TAGS), (node, held) => {
        const tags = new Set(held);
        const expected: unknown = new Function("tags", `return ${expression(node)}`)(tags);
        expect(matchesCondition(node, (tag) => tags.has(tag))).toBe(expected);
      }),
    );
  });

  test("none is for everybody", () => {
    expect(matchesCondition(null, () => false)).toBe(true);
  });
});

describe("versions", () => {
  const version = fc.array(fc.nat({ max: 12 }), { minLength: 1, maxLength: 4 });

  test("are compared number by number, missing ones as 0", () => {
    fc.assert(
      fc.property(version, version, (a, b) => {
        const length = Math.max(a.length, b.length);
        const at = Array.from({ length }, (_, i) => (a[i] ?? 0) - (b[i] ?? 0));
        const expected = Math.sign(at.find((difference) => difference !== 0) ?? 0);
        expect(Math.sign(compareVersions(a.join("."), b.join(".")))).toBe(expected);
      }),
    );
  });

  test.each([
    ["1.10", "1.9", 1],
    ["01.2", "1.2", 0],
    ["99999999999999999999.1", "99999999999999999998.2", 1],
  ])("%s against %s", (a, b, order) => {
    expect(Math.sign(compareVersions(a, b))).toBe(order);
  });
});

describe("filters", () => {
  const reported = attributes({
    platform: "android",
    appVersion: "2.5",
    locale: "de-AT",
    custom: { plan: "pro", "": "x" },
  });

  test.each<[string, Filter, boolean]>([
    ["nothing", {}, true],
    ["its platform", { platform: ["ios", "android"] }, true],
    ["another platform", { platform: ["ios"] }, false],
    ["a version at the lower bound", { appVersion: { min: "2.5.0" } }, true],
    ["a version at the upper bound", { appVersion: { max: "2.5" } }, true],
    ["a version below", { appVersion: { min: "2.5.1" } }, false],
    ["a version above", { appVersion: { min: "1", max: "2.4.9" } }, false],
    ["its language", { locale: ["fr", "DE"] }, true],
    ["its locale", { locale: ["de-at"] }, true],
    ["a longer range", { locale: ["de-AT-1996"] }, false],
    ["a language that begins alike", { locale: ["d"] }, false],
    ["any locale", { locale: ["*"] }, true],
    ["an attribute", { attributes: { plan: ["free", "pro"] } }, true],
    ["another value", { attributes: { plan: ["free"] } }, false],
    ["an attribute that it does not have", { attributes: { size: ["l"] } }, false],
    ["what every object has", { attributes: { constructor: [""] } }, false],
    ["one part of two", { platform: ["android"], locale: ["fr"] }, false],
  ])("%s", (_, filter, expected) => {
    expect(matchesFilter(filter, reported)).toBe(expected);
  });

  test.each<Filter>([
    { platform: ["android"] },
    { appVersion: { min: "0" } },
    { locale: ["*"] },
    { attributes: { plan: ["pro"] } },
  ])("who has reported nothing matches no %o", (filter) => {
    expect(matchesFilter(filter, null)).toBe(false);
    expect(matchesFilter(filter, attributes())).toBe(false);
    expect(matchesFilter(null, null)).toBe(true);
  });
});

describe("S13 a filter on granted attributes", () => {
  const own: Attributes = {
    ...{ platform: "web", appVersion: null, locale: null },
    custom: { tier: "gold", city: "Graz" },
  };
  const gold = { tier: ["gold"] };

  test.each([
    ["granted", gold, own, {}, false],
    ["granted", gold, null, { tier: "gold" }, true],
    ["granted", gold, own, { tier: "free" }, false],
    ["granted", { tier: ["gold"], city: ["Graz"] }, own, { tier: "gold" }, false],
    ["granted", { toString: ["gold"] }, own, {}, false],
    // A granted attribute wins over a reported one of its name.
    ["attributes", gold, own, {}, true],
    ["attributes", gold, own, { tier: "free" }, false],
    ["attributes", { tier: ["free"], city: ["Graz"] }, own, { tier: "free" }, true],
  ] as const)("%s %j, reported %j, granted %j: %s", (field, wanted, reported, granted, matches) => {
    expect(matchesFilter({ [field]: wanted }, reported, granted)).toBe(matches);
  });

  test("and on reported ones has to match both", () => {
    const filter = { granted: gold, platform: ["web"], attributes: { city: ["Graz"] } };
    expect(matchesFilter(filter, own, { tier: "gold" })).toBe(true);
    expect(matchesFilter(filter, { ...own, platform: "ios" }, { tier: "gold" })).toBe(false);
  });
});
