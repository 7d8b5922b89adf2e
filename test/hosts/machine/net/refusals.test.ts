/** What strangers can have the mesh refuse any number of times is told in one line a minute. */
import { expect, test } from "vitest";
import { Refusals } from "../../../../hosts/machine/net/admission/refusals.ts";

test("P8.4 what is refused before it is a request is one line a minute, with a count of each kind", () => {
  const lines: string[] = [];
  const refusals = new Refusals((line) => lines.push(line));
  refusals.look(1_000_000);
  for (let i = 0; i < 1_000; i++) refusals.count("request_malformed", 1_000_000 + i);
  refusals.count("head_too_large", 1_059_999);
  refusals.look(1_059_999);
  expect(lines).toEqual([]);
  refusals.look(1_060_000);
  expect(lines).toEqual(["refused in the last minute: request_malformed 1000, head_too_large 1"]);
  refusals.look(2_000_000);
  refusals.count("request_malformed", 2_000_000);
  refusals.look(2_059_999);
  expect(lines).toHaveLength(1);
  refusals.look(2_060_000);
  expect(lines[1]).toBe("refused in the last minute: request_malformed 1");
});
