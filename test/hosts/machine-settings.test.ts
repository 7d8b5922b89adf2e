import { expect, test } from "vitest";
import { machineSettings } from "../../hosts/machine/settings.ts";
import { countOf } from "../../objects/bindings.ts";

test("nodes take as many members as the environment of the host says", () => {
  expect(machineSettings({}).NODE_MEMBERS).toBeUndefined();
  expect(machineSettings({ PUSHMESH_NODE_MEMBERS: "4" }).NODE_MEMBERS).toBe("4");
});

test("a count that is none is refused by name", () => {
  expect(countOf(undefined)).toBeUndefined();
  expect(countOf("4")).toBe(4);
  for (const text of ["", "0", "-1", "1.5", "four"])
    expect(() => countOf(text)).toThrow(`"${text}" is no count above 0`);
});
