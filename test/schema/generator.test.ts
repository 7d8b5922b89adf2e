/** The generator refuses what the codec does not carry, instead of leaving it out. */
import { describe, expect, test } from "vitest";
import { readIdl } from "../../scripts/thrift/idl.ts";
import { generateTypeScript } from "../../scripts/thrift/typescript.ts";

describe("the generator", () => {
  test.each([
    ["a map", "struct A { 1: required map<i32, i32> a }", /MapType is not supported/],
    ["a double", "struct A { 1: required double a }", /DoubleKeyword is not supported/],
    ["a list of lists", "struct A { 1: required list<list<i32>> a }", /list of lists/],
    ["a default", "struct A { 1: optional i32 a = 5 }", /defaults/],
    ["a field without requiredness", "struct A { 1: i32 a }", /required or optional/],
    ["a field without an ID", "struct A { required i32 a }", /field ID/],
    ["a field ID of 0", "struct A { 0: required i32 a }", /1 to 31/],
    ["a field ID of 32", "struct A { 32: required i32 a }", /1 to 31/],
    ["a field ID used twice", "struct A { 1: required i32 a, 1: required i32 b }", /used twice/],
    ["an unknown type", "struct A { 1: required B b }", /no type B/],
    ["a union in a struct", "union U { 1: i32 a } struct A { 1: required U u }", /union inside/],
    [
      "a struct that holds itself",
      "struct A { 1: optional list<B> b } struct B { 1: optional A a }",
      /holds itself: A > B/,
    ],
    ["a typedef", "typedef i32 Slot", /TypedefDefinition is not supported/],
    ["a service", "service S { void f() }", /ServiceDefinition is not supported/],
    ["a constant that is no integer", 'const string A = "a"', /only integers/],
    ["an enum member without a value", "enum E { A }", /its value/],
    ["what is no IDL", "struct {", /IDL line 1/],
  ])("refuses %s", (_, source, complaint) => {
    expect(() => readIdl(source)).toThrow(complaint);
  });

  test("keeps the ID of a field behind a gap: its position is its ID", () => {
    const gap = readIdl("struct A { 1: required i32 a, 4: optional i32 b }");
    expect(generateTypeScript(gap, "a.thrift", ".")).toContain(
      "struct<A>(0x2, {\n  a: I32,\n  _2: undefined,\n  _3: undefined,\n  b: I32,\n})",
    );
  });

  test("gives each definition the doc comment above it, and no other", () => {
    const source = [
      "/** Of A,",
      " *  in two lines. */",
      "struct A {",
      "  1: required i32 bare",
      "  /** Of field. */",
      "  2: required i32 field",
      "}",
      "struct B { 1: optional bool b }",
    ].join("\n");
    const text = generateTypeScript(readIdl(source), "a.thrift", ".");
    expect(text).toContain(
      "/**\n * Of A,\n * in two lines.\n */\nexport interface A {\n  readonly bare: number;\n  /** Of field. */\n  readonly field: number;\n}",
    );
    expect(text).toContain("\n\nexport interface B {\n  readonly b?: boolean;\n}");
  });
});
