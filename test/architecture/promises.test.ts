/** Every promise of docs/spec.md has a test that names it, and no test names a promise that is not there. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parseAst } from "vitest/node";
import { ROOT, read } from "./imports.ts";

/** A promise's number: "P1", "P1.6", "B12". */
const NUMBER = String.raw`[A-Z]\d+(?:\.\d+)?`;
/** The numbers that a title starts with: "P1.2 P1.3 …", "A1, A2: …". */
const NUMBERS_FIRST = new RegExp(`^(?:${NUMBER}[,:]? )*${NUMBER}(?=[,: ]|$)`);
/** What a test is made with, and what would keep it from being run. */
const MAKERS = new Set(["test", "it", "describe"]);
const NOT_RUN = new Set(["skip", "skipIf", "runIf", "todo", "fails"]);

interface Node {
  readonly type: string;
  readonly [key: string]: unknown;
}

const isNode = (value: unknown): value is Node =>
  typeof value === "object" && value !== null && "type" in value;

/** The dotted name of what is called: "it.each" for `it.each([…])("…")`. */
function nameOf(callee: unknown): string[] {
  if (!isNode(callee)) return [];
  if (callee.type === "Identifier") return [callee["name"] as string];
  if (callee.type === "CallExpression") return nameOf(callee["callee"]);
  if (callee.type === "TaggedTemplateExpression") return nameOf(callee["tag"]);
  if (callee.type !== "MemberExpression") return [];
  return [...nameOf(callee["object"]), ...nameOf(callee["property"])];
}

function textOf(node: unknown): string {
  if (!isNode(node)) return "";
  if (node.type === "Literal") return String(node["value"]);
  if (node.type !== "TemplateLiteral") return "";
  const [first] = node["quasis"] as { value: { raw: string } }[];
  return first?.value.raw ?? "";
}

/** Titles of the tests and groups of tests that a source runs, whatever the condition. */
function titlesOf(source: string): string[] {
  const titles: string[] = [];
  const visit = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    if (isNode(value) && value.type === "CallExpression") {
      const [maker = "", ...how] = nameOf(value["callee"]);
      if (MAKERS.has(maker)) {
        // Neither it nor what is in it proves anything.
        if (how.some((word) => NOT_RUN.has(word))) return;
        titles.push(textOf((value["arguments"] as unknown[])[0]));
      }
    }
    Object.values(value).forEach(visit);
  };
  visit(parseAst(source, { lang: "ts" }));
  return titles;
}

const numbersOf = (title: string): string[] =>
  NUMBERS_FIRST.exec(title)?.[0].match(new RegExp(NUMBER, "g")) ?? [];

const spec = read("docs/spec.md");
const promised = [...spec.matchAll(new RegExp(`^- \\*\\*(${NUMBER})\\*\\* `, "gm"))].map(
  ([, number = ""]) => number,
);
/** "P1" for all of P1.1, P1.2, … */
const groups = [...spec.matchAll(new RegExp(`^## (${NUMBER}) `, "gm"))].map(([, number]) => number);
const named = new Map<string, string>();
for (const file of readdirSync(join(ROOT, "test"), { recursive: true, encoding: "utf8" })) {
  if (!file.endsWith(".test.ts")) continue;
  for (const number of titlesOf(read(join("test", file))).flatMap(numbersOf)) {
    named.set(number, file);
  }
}

test("every promise has a test whose title starts with its number", () => {
  expect(promised.length).toBeGreaterThan(50);
  expect(promised.filter((number) => !named.has(number))).toEqual([]);
});

test("no number is promised twice", () => {
  expect(promised.filter((number, i) => promised.indexOf(number) !== i)).toEqual([]);
});

test("every number that a title starts with is promised", () => {
  const known = new Set([...promised, ...groups]);
  expect([...named].filter(([number]) => !known.has(number))).toEqual([]);
});

test.each([
  ['test("P1.2 P1.3 both", () => {});', ["P1.2", "P1.3"]],
  [
    'describe("B9: a group", () => { it.each([1])("A1, A2 rows %i", () => {}); });',
    ["B9", "A1", "A2"],
  ],
  ['test("64 characters of P1.2", () => {}); f("P1.1 no test");', []],
  ['test.skip("P1.2 not run", () => {}); it.todo("P1.3");', []],
  ['describe.skipIf(x)("P1.2", () => { it("P1.3 inside", () => {}); });', []],
])("%s", (source, numbers) => {
  expect(titlesOf(source).flatMap(numbersOf)).toEqual(numbers);
});
