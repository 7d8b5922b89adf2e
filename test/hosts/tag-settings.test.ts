import { expect, test } from "vitest";
import { tagSettings } from "../../hosts/machine/tags.ts";
import { countOf } from "../../objects/count.ts";

test("one machine calls one node at a time, and its nodes take as many members as the environment says", () => {
  expect(tagSettings({})).toEqual({ FAN_OUT_NODES: "1" });
  expect(tagSettings({ PUSHMESH_NODE_MEMBERS: "4" })).toEqual({
    FAN_OUT_NODES: "1",
    NODE_MEMBERS: "4",
  });
});

test("a count that is none is refused by name", () => {
  expect(countOf(undefined)).toBeUndefined();
  expect(countOf("4")).toBe(4);
  for (const text of ["", "0", "-1", "1.5", "four"])
    expect(() => countOf(text)).toThrow(`"${text}" is no count above 0`);
});
