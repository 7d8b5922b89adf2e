/** What the tests of wrong input are made of: a field that they overlook is never tested. */
import { expect, test } from "vitest";
import * as z from "zod";
import { badValues } from "./bad-values.ts";

const titlesOf = (schema: z.ZodType, isText = false): string[] =>
  Array.from(badValues(schema, isText), ({ title, bound, isBad }) => {
    const named = bound === null ? "" : ` (${bound})`;
    return `${isBad ? "" : "right: "}${title}${named}`;
  });

test("P8.15 every field and bound of a schema is tried, at any depth", () => {
  const inner = z.strictObject({ n: z.int().min(2).max(5) });
  const schema = z.strictObject({
    text: z.string().min(1).max(3),
    list: z.array(inner).max(2).optional(),
    either: z.union([z.literal("all"), z.strictObject({ name: z.string().max(4) })]).optional(),
  });
  expect(titlesOf(schema)).toEqual(
    expect.arrayContaining([
      "without text",
      "with null for text",
      'with "" for text',
      "past the length of text (3)",
      "right: at the length of text (3)",
      "with {} for list",
      "past the most items of list (2)",
      "right: at the most items of list (2)",
      "without list.0.n",
      "past the minimum of list.0.n (2)",
      "right: at the maximum of list.0.n (5)",
      "past the length of either.name (4)",
      "with unknown, which there is not",
      "with list.0.unknown, which there is not",
      "with either.unknown, which there is not",
    ]),
  );
});

test("P8.15 the values of a query are texts", () => {
  const schema = z.strictObject({ limit: z.coerce.number().int().min(1).max(50).optional() });
  const values = Array.from(badValues(schema, true), ({ value }) => value);
  expect(values).toContainEqual({ limit: "51" });
  expect(values).toContainEqual({ limit: "0" });
  expect(values).toContainEqual({ limit: "50" });
  expect(values).toContainEqual({ limit: "wrong" });
});
