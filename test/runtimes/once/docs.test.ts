/** The documentation as `npm run docs` builds it. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOT, temporaryFolder } from "../../mesh/support/process.ts";
import { NODE } from "../../support/built.ts";

test("G1 the documentation builds without a warning, and its links lead somewhere", () => {
  const folder = temporaryFolder();
  // Fails on a warning, and on a broken link.
  execFileSync(NODE, [join(ROOT, "scripts/build/docs.ts"), folder], { stdio: "pipe" });
  for (const page of ["index.html", "documents/tutorial.html", "openapi.html"])
    expect(readFileSync(join(folder, page), "utf8")).toContain("pushmesh");
});
