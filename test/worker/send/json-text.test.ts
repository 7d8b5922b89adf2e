/** What a sender's JSON keeps on its way: every number as it was written, and no member that stands for two. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { compactJson, membersOf } from "../../../worker/request/json-text.ts";

const dataOf = (text: string) => {
  const { data } = JSON.parse(text) as { data: unknown };
  return compactJson(text, membersOf(text).get("data"), data);
};

it.each([
  ["9007199254740993", "9007199254740993"],
  ["-0", "-0"],
  ["1.50", "1.50"],
  ["12345678901234567890123456789012345678.5e-3", "12345678901234567890123456789012345678.5e-3"],
  [' [ 1 ,\n{"a b" : 9223372036854775807 } ]', '[1,{"a b":9223372036854775807}]'],
  ['{"\\u0041 \\"1.0\\" ":1.0,"é":"\\u00e9"}', '{"A \\"1.0\\" ":1.0,"é":"é"}'],
  ['{"plain": [1, 2.5, "1.0"]}', '{"plain":[1,2.5,"1.0"]}'],
])("P1.8 data of %s arrives as %s", (written, arrives) => {
  expect(dataOf(`{"to":"x","data":${written},"ttl":60.0}`)).toBe(arrives);
  expect(dataOf(`{"data":{"a":1},"n":1.0}`)).toBe('{"a":1}');
});

it("P1.8 any JSON arrives with its values, as short as it can be", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.bigInt(), fc.nat(4), (value, integer, space) => {
      const written = JSON.stringify(value, null, space);
      const text = `{"a": ${written}, "data" : [ ${written} , ${integer}], "b": ${written}}`;
      expect(dataOf(text)).toBe(`[${JSON.stringify(value)},${integer}]`);
    }),
    { numRuns: 500 },
  );
});

it("P4.4 a member is found twice however it is written, and only within one object", () => {
  expect(() => membersOf('{"a":{"b":1},"c":{"b":1},"d":[{"b":1},{"b":1}]}')).not.toThrow();
  expect(() => membersOf('{"__proto__":1,"a":["__proto__",{"x":"x"}]}')).not.toThrow();
  expect(() => membersOf('{"a":[{"b":[],"c":{},"\\u0062":0}]}')).toThrow("b: given twice");
  expect(() => membersOf('{"":1 , "":2}')).toThrow(": given twice");
});
