/** Our codec and the official `thrift` package say the same bytes and the same values. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ALL_CODECS } from "./support/codecs.ts";
import { officialDecode, officialEncode } from "./support/official.ts";
import { shapeValue } from "./support/values.ts";

describe.each(ALL_CODECS)("$name", ({ name, ast, encode, decode }) => {
  test("encodes to the official bytes and reads its own back", () => {
    fc.assert(
      fc.property(shapeValue(ast, name), (value) => {
        const bytes = encode(value);
        expect(Buffer.from(bytes).toString("hex")).toBe(
          Buffer.from(officialEncode(ast, name, value)).toString("hex"),
        );
        expect(decode(bytes)).toStrictEqual(value);
      }),
    );
  });

  test("is read by the official package as what was written", () => {
    fc.assert(
      fc.property(shapeValue(ast, name), (value) => {
        expect(officialDecode(ast, name, encode(value))).toStrictEqual(value);
      }),
    );
  });
});
