/** Which members of a tag a broadcast is for: boolean expressions over tags, and filters on reported attributes. */
import * as z from "zod";
import { LIMITS } from "../limits.ts";
import { boundedText, tagText } from "./fields.ts";

/** A boolean expression over tags, such as `{any: [{tag: "a"}, {all: [{tag: "b"}, {not: {tag: "c"}}]}]}`. */
export type ConditionBody =
  | { tag: string }
  | { any: ConditionBody[] }
  | { all: ConditionBody[] }
  | { not: ConditionBody };

const isNested = (value: unknown): boolean =>
  typeof value === "object" && value !== null && ["any", "all", "not"].some((key) => key in value);

/** Nested explicitly, because zod's recursion has no depth limit. */
function conditionOf(depth: number): z.ZodType<ConditionBody, ConditionBody> {
  const tag = z.strictObject({ tag: tagText });
  if (depth === 0) {
    const message = `conditions nest at most ${LIMITS.CONDITION_DEPTH} deep`;
    return z.custom<{ tag: string }>((value) => !isNested(value), message).pipe(tag);
  }
  const inner = conditionOf(depth - 1);
  const list = z.array(inner).min(1).max(LIMITS.CONDITION_TAGS);
  return z.union(
    [
      tag,
      z.strictObject({ any: list }),
      z.strictObject({ all: list }),
      z.strictObject({ not: inner }),
    ],
    "must be one of {tag}, {any: […]}, {all: […]} and {not: …}",
  );
}

/** The number of tags that a condition names, counting repeated ones. */
function conditionTags(condition: ConditionBody): number {
  if ("tag" in condition) return 1;
  const inner =
    "any" in condition ? condition.any : "all" in condition ? condition.all : [condition.not];
  return inner.reduce((sum, each) => sum + conditionTags(each), 0);
}

export const conditionBody = conditionOf(LIMITS.CONDITION_DEPTH).refine(
  (condition) => conditionTags(condition) <= LIMITS.CONDITION_TAGS,
  `must name at most ${LIMITS.CONDITION_TAGS} tags`,
);

const filterValues = z
  .array(boundedText(LIMITS.ATTRIBUTE_VALUE_BYTES))
  .min(1)
  .max(LIMITS.FILTER_VALUES);
const version = z
  .string()
  .regex(/^\d{1,9}(\.\d{1,9}){0,3}$/, "must be 1 to 4 numbers with dots between");

/** A record loses a member with this name: the filter would match more devices than its sender intended. */
function requireNoPrototype(value: unknown, context: z.RefinementCtx): unknown {
  if (Object.hasOwn(Object(value), "__proto__")) context.addIssue("must not name __proto__");
  return value;
}

const filterAttributes = z.preprocess(
  requireNoPrototype,
  z
    .record(boundedText(LIMITS.ATTRIBUTE_NAME_BYTES), filterValues)
    .refine(
      (record) => Object.keys(record).length <= LIMITS.ATTRIBUTES,
      `must have at most ${LIMITS.ATTRIBUTES} members`,
    ),
);

/** Attributes that a registration must have. */
export const filterBody = z.strictObject({
  platform: filterValues.optional(),
  appVersion: z.strictObject({ min: version.optional(), max: version.optional() }).optional(),
  locale: filterValues.optional(),
  attributes: filterAttributes.optional(),
  /** Only attributes that a grant of the app's server gave; what a device reports of itself does not count. */
  granted: filterAttributes.optional(),
});
