/** Values that a schema refuses, for every field that it has, and those at its bounds, which it takes. */
import type * as z from "zod";
import {
  completed,
  type Field,
  fieldsOf,
  formsOf,
  type Node,
  nodeOf,
  type Path,
  sampleOf,
  valueAt,
  withAt,
} from "./json-schema.ts";

export interface BadValue {
  /** For a report. */
  readonly title: string;
  readonly value: unknown;
  readonly path: Path;
  /** See Field. */
  readonly named: number;
  /** The bound that the refusal names. Null: any refusal that names the field. */
  readonly bound: number | null;
  /** False: it is at the bound, and is not refused for this field. */
  readonly isBad: boolean;
}

/** Longer than any text but that of a message. */
const LONG_CHARS = 5_000;
const WRONG: readonly unknown[] = [
  null,
  true,
  7.5,
  -1,
  "",
  "\u0000wrong",
  [],
  {},
  [[]],
  { wrong: 1 },
];
const WRONG_TEXTS: readonly string[] = [
  "",
  "\u0000wrong",
  "-1",
  "1.5",
  "wrong",
  "NaN",
  "x".repeat(LONG_CHARS),
];

const isTaken = (schema: z.ZodType, value: unknown): boolean => schema.safeParse(value).success;

/** The longest text that the schema takes in this place; null if it takes none of one letter, or has no bound. */
function longest(schema: z.ZodType, { base, path }: Field): number | null {
  const takes = (length: number) => isTaken(schema, withAt(base, path, "a".repeat(length)));
  if (takes(LONG_CHARS)) return null;
  const found = Array.from({ length: 8 }, (_, at) => at + 1).find(takes);
  if (found === undefined) return null;
  let [low, high] = [found, LONG_CHARS];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (takes(middle)) low = middle;
    else high = middle;
  }
  return low;
}

/** A value at a bound of the field, and the one past it. */
type Bound = readonly [title: string, bound: number, at: unknown, past: unknown];

function boundsOf(schema: z.ZodType, field: Field): readonly Bound[] {
  const { node, base, path } = field;
  const { type, minimum, maximum, minItems, maxItems, items = {} } = node;
  const bounds: Bound[] = [];
  const isNumber = (value: number | undefined): value is number =>
    value !== undefined && Math.abs(value) < Number.MAX_SAFE_INTEGER;
  if (isNumber(minimum)) bounds.push(["minimum", minimum, minimum, minimum - 1]);
  if (isNumber(maximum)) bounds.push(["maximum", maximum, maximum, maximum + 1]);
  if (type === "array" && node.prefixItems === undefined) {
    const [one = sampleOf(items)] = (valueAt(base, path) ?? []) as readonly unknown[];
    const many = (length: number): unknown => Array.from({ length }, () => one);
    if (minItems) bounds.push(["least items", minItems, many(minItems), many(minItems - 1)]);
    if (maxItems) bounds.push(["most items", maxItems, many(maxItems), many(maxItems + 1)]);
  }
  if (type === "string") {
    const length = longest(schema, field);
    if (length !== null)
      bounds.push(["length", length, "a".repeat(length), "a".repeat(length + 1)]);
  }
  return bounds;
}

/** @param isText of a query, whose values are texts */
function* ofField(schema: z.ZodType, field: Field, isText: boolean): Generator<BadValue> {
  const { path, named, base, isRequired } = field;
  const at = (
    title: string,
    value: unknown,
    bound: number | null = null,
    isBad = true,
  ): BadValue => ({
    title: `${title} ${path.join(".")}`,
    value: withAt(base, path, value),
    ...{ path, named, bound, isBad },
  });
  if (isRequired) yield at("without", undefined);
  for (const wrong of isText ? WRONG_TEXTS : WRONG) {
    const bad = at(`with ${JSON.stringify(wrong).slice(0, 20)} for`, wrong);
    if (!isTaken(schema, bad.value)) yield bad;
  }
  for (const [title, bound, right, past] of boundsOf(schema, field)) {
    const text = (value: unknown): unknown => (isText ? String(value) : value);
    yield at(`past the ${title} of`, text(past), bound);
    if (isTaken(schema, withAt(base, path, text(right))))
      yield at(`at the ${title} of`, text(right), bound, false);
  }
}

/** Every object of the schema, with a field that it does not have. */
function* unknownFields(schema: z.ZodType): Generator<BadValue> {
  const objects: Pick<Field, "path" | "base" | "named">[] = formsOf(nodeOf(schema)).map(
    (node: Node) => {
      const sample = sampleOf(node);
      const base = completed(schema, sample) ?? sample;
      return { path: [], base, named: Number.POSITIVE_INFINITY };
    },
  );
  for (const field of fieldsOf(schema)) {
    if (field.node.properties !== undefined) objects.push(field);
  }
  for (const { path: outer, base, named } of objects) {
    const path = [...outer, "unknown"];
    const value = withAt(base, path, 1);
    const title = `with ${path.join(".")}, which there is not`;
    yield {
      title,
      value,
      path,
      named: Math.min(named, outer.length || 1),
      bound: null,
      isBad: true,
    };
  }
}

/** Of the schema of a body or a query. */
export function* badValues(schema: z.ZodType, isText = false): Generator<BadValue> {
  for (const field of fieldsOf(schema)) yield* ofField(schema, field, isText);
  yield* unknownFields(schema);
}
