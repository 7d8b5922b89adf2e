/** Bodies and queries that a schema takes, made of its JSON schema: with as little in them as there may be, and one field more. */
import * as z from "zod";

export type Path = readonly (string | number)[];

/** What of JSON schema the schemas of the API use. */
export interface Node {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Node[];
  readonly oneOf?: readonly Node[];
  readonly properties?: Readonly<Record<string, Node>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Node | boolean;
  readonly items?: Node;
  readonly prefixItems?: readonly Node[];
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minimum?: number;
  readonly maximum?: number;
}

/** Conditions nest: what is deeper is as what is above it. */
const DEPTH = 5;
const KEY = "A".repeat(43);
/** What a field takes that does not take just any text; the last of them is to leave it out. */
const CANDIDATES: readonly unknown[] = [
  ...["a", "1", "1.1", "https://example.com/", "2026-12-24T18:00:00Z", "2026-12-24T18:00"],
  ...[KEY, "AAAA", "1~a.1", "0.a", "true", ["a"], { a: "a" }, { a: ["a"] }, 1, true, undefined],
];

export const nodeOf = (schema: z.ZodType): Node =>
  z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) as Node;

/** The forms that a value may have; null is none, as it says that there is no value. */
export const formsOf = (node: Node): readonly Node[] => {
  const forms = node.anyOf ?? node.oneOf;
  return forms === undefined
    ? [node]
    : forms.flatMap(formsOf).filter(({ type }) => type !== "null");
};

/** A value of about this form: `completed` mends the rest. */
export function sampleOf(node: Node): unknown {
  if (node.const !== undefined) return node.const;
  if (node.enum !== undefined) return node.enum[0];
  const [form = node] = formsOf(node);
  if (form !== node) return sampleOf(form);
  const { type, properties = {}, required = [], items = {}, prefixItems } = node;
  if (type === "object")
    return Object.fromEntries(required.map((name) => [name, sampleOf(properties[name] ?? {})]));
  if (type === "array") return prefixItems?.map(sampleOf) ?? [sampleOf(items)];
  if (type === "boolean") return true;
  if (type === "integer" || type === "number") return Math.max(node.minimum ?? 1, 1);
  return "a";
}

/** A copy of a value with another one at a path; undefined is left out. */
export function withAt(value: unknown, [first, ...rest]: Path, inner: unknown): unknown {
  if (first === undefined) return inner;
  const copy: Record<string | number, unknown> = Array.isArray(value)
    ? (Array.from(value) as unknown as Record<number, unknown>)
    : { ...(value as object) };
  const next = withAt(copy[first], rest, inner);
  if (next === undefined) delete copy[first];
  else copy[first] = next;
  return copy;
}

export const valueAt = (value: unknown, path: Path): unknown =>
  path.reduce<unknown>(
    (inner, name) => (inner as Record<string, unknown> | undefined)?.[name],
    value,
  );

/** The value with what the schema asks for beside what it has; null if that could not be guessed. */
export function completed(schema: z.ZodType, value: unknown): unknown {
  let current = value;
  for (let turn = 0; turn < DEPTH; turn++) {
    const issue = schema.safeParse(current).error?.issues[0];
    if (issue === undefined) return current;
    const path = issue.path as Path;
    const isMended = (candidate: unknown): boolean => {
      const [other] = schema.safeParse(candidate).error?.issues ?? [];
      return other === undefined || String(other.path) !== String(path);
    };
    const mended = CANDIDATES.map((one) => withAt(current, path, one)).find(isMended);
    if (mended === undefined) return null;
    current = mended;
  }
  return null;
}

/** A field, and a body that is right and has it. */
export interface Field {
  readonly path: Path;
  readonly node: Node;
  readonly isRequired: boolean;
  readonly base: unknown;
  /** The length of the path to the first value of several forms: a refusal may name that, as it cannot tell which form was meant. */
  readonly named: number;
}

interface Place {
  readonly path: Path;
  readonly base: unknown;
  readonly named: number;
}

/** Every field of a schema, in every form. */
export function* fieldsOf(
  schema: z.ZodType,
  node = nodeOf(schema),
  place?: Place,
): Generator<Field> {
  const forms = formsOf(node);
  for (const form of forms) {
    const { path = [], named: above = Number.POSITIVE_INFINITY } = place ?? {};
    const named = forms.length > 1 ? Math.min(above, path.length) : above;
    const base = baseOf(schema, place?.base, path, form);
    yield* innerFields(schema, form, { path, base, named });
  }
}

function* innerFields(schema: z.ZodType, form: Node, place: Place): Generator<Field> {
  const { path, base, named } = place;
  if (path.length >= DEPTH) return;
  const { properties = {}, required = [], items, additionalProperties } = form;
  const inner: (readonly [string | number, Node])[] = Object.entries(properties);
  if (items !== undefined) inner.push([0, items]);
  if (typeof additionalProperties === "object") inner.push(["a", additionalProperties]);
  for (const [name, node] of inner) {
    const own = [...path, name];
    const isRequired = typeof name === "string" && required.includes(name);
    for (const kind of formsOf(node))
      yield { path: own, node: kind, isRequired, base: baseOf(schema, base, own, kind), named };
    yield* fieldsOf(schema, node, { path: own, base, named });
  }
}

/** A body that has a value of this form at the path: right, if that could be guessed. */
function baseOf(schema: z.ZodType, outer: unknown, path: Path, form: Node): unknown {
  const made = withAt(outer, path, sampleOf(form));
  const whole = completed(schema, made);
  return whole === null || valueAt(whole, path) === undefined ? made : whole;
}
