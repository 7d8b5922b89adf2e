/** The OpenAPI document names every route of the edge, and nothing else. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { METHODS } from "../../worker/methods.ts";

const document = JSON.parse(
  readFileSync(new URL("../../docs/openapi.json", import.meta.url), "utf8"),
) as { paths: Record<string, Record<string, unknown>> };

it("docs/openapi.json has the routes and methods that the edge serves", () => {
  const served = Object.entries(METHODS).map(([path, methods]) => [
    path.replace(/:(\w+)/g, "{$1}"),
    methods.toLowerCase().split(", ").sort(),
  ]);
  const described = Object.entries(document.paths).map(([path, operations]) => [
    path,
    Object.keys(operations).sort(),
  ]);
  expect(described).toEqual(served);
});
