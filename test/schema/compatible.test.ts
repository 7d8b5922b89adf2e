/** The link's IDL talks to what was released, and the check that says so sees every kind of break. */
import { readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { incompatibilities } from "../../scripts/thrift/compatible.ts";
import { readIdl } from "../../scripts/thrift/idl.ts";
import { REPOSITORY } from "./support/codecs.ts";

const read = (path: string) => readIdl(readFileSync(resolve(REPOSITORY, path), "utf8"));
const releases = readdirSync(resolve(REPOSITORY, "schema/released"));

test("there is a released IDL to hold the current one against", () => {
  expect(releases).toContain("link-1.thrift");
});

test.each(releases)("schema/link.thrift is compatible with %s", (release) => {
  expect(incompatibilities(read(`schema/released/${release}`), read("schema/link.thrift"))).toEqual(
    [],
  );
});

const RELEASED = `
  const i32 LIMIT = 5
  enum Colour { RED = 1, GREEN = 2 }
  struct Box { 1: required i32 width, 2: optional string label, 3: required Colour colour, 4: optional list<i32> sides }
  union Frame { 1: Box box }
`;

describe("the check", () => {
  test.each([
    ["nothing", "", ""],
    [
      "a new optional field",
      "4: optional list<i32> sides",
      "4: optional list<i32> sides, 9: optional i64 age",
    ],
    ["a new field of a union", "1: Box box }", "1: Box box, 2: string text }"],
    ["a new struct", "union Frame", "struct Lid { 1: required i32 width } union Frame"],
    [
      "another order",
      "1: required i32 width, 2: optional string label",
      "2: optional string label, 1: required i32 width",
    ],
  ])("allows %s", (_, before, after) => {
    expect(incompatibilities(readIdl(RELEASED), readIdl(RELEASED.replace(before, after)))).toEqual(
      [],
    );
  });

  test.each([
    [
      "an ID with another type",
      "2: optional string label",
      "2: optional i32 label",
      /field 2 was string and is i32/,
    ],
    [
      "an ID with another element type",
      "list<i32> sides",
      "list<i64> sides",
      /was list<i32> and is list<i64>/,
    ],
    [
      "an ID with another meaning",
      "2: optional string label",
      "2: optional string note",
      /was label and is note/,
    ],
    [
      "a moved field",
      "2: optional string label",
      "7: optional string label",
      /field 2, label, is gone/,
    ],
    [
      "a field made required",
      "2: optional string",
      "2: required string",
      /was optional and is required/,
    ],
    ["a field made optional", "1: required i32", "1: optional i32", /was required and is optional/],
    [
      "a new required field",
      "4: optional list<i32> sides",
      "4: optional list<i32> sides, 5: required i32 depth",
      /field 5, depth, is new and required/,
    ],
    ["a field that is gone", "2: optional string label, ", "", /field 2, label, is gone/],
    ["a changed enum value", "GREEN = 2", "GREEN = 3", /Colour.GREEN was 2 and is 3/],
    ["an enum member that is gone", ", GREEN = 2", "", /Colour.GREEN is gone/],
    ["a new enum member", "GREEN = 2", "GREEN = 2, BLUE = 3", /Colour.BLUE is new/],
    ["a changed constant", "LIMIT = 5", "LIMIT = 6", /LIMIT was 5 and is 6/],
    ["a definition that is gone", "const i32 LIMIT = 5", "", /LIMIT is gone/],
    [
      "a union that became a struct",
      "union Frame { 1:",
      "struct Frame { 1: optional",
      /was a union and is a struct/,
    ],
  ])("refuses %s", (_, before, after, complaint) => {
    expect(RELEASED).toContain(before);
    const found = incompatibilities(readIdl(RELEASED), readIdl(RELEASED.replace(before, after)));
    expect(found.join("; ")).toMatch(complaint);
  });
});
