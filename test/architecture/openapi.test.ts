/** The OpenAPI document is what tools take it for. That it has every route of the edge follows from what it is made of. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { expect, it } from "vitest";
import { ROUTES } from "../../schema/http.ts";
import { ROOT, read } from "./imports.ts";

interface Operation {
  readonly operationId: string;
}

it("docs/openapi.json has the routes and methods that the edge serves", () => {
  const { paths } = JSON.parse(read("docs/openapi.json")) as {
    paths: Record<string, Record<string, Operation>>;
  };
  const described = Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, { operationId }]) => [operationId, method, path]),
  );
  const served = Object.entries(ROUTES).map(([id, { method, path }]) => [
    id,
    method.toLowerCase(),
    path.replace(/:(\w+)/g, "{$1}").replace(/\*$/, "{file}"),
  ]);
  expect(described.sort()).toEqual(served.sort());
});

it("redocly lint has nothing to say about it", { timeout: 60_000 }, () => {
  const cli = join(ROOT, "node_modules/@redocly/cli/bin/cli.js");
  // Throws where there are errors; warnings are in what it prints.
  const printed = execFileSync(
    process.execPath,
    [cli, "lint", "docs/openapi.json", "--format=json", "--extends=recommended-strict"],
    {
      cwd: ROOT,
      encoding: "utf8",
      env: { ...process.env, REDOCLY_TELEMETRY: "off", REDOCLY_SUPPRESS_UPDATE_NOTICE: "true" },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  expect(JSON.parse(printed).problems).toEqual([]);
});
