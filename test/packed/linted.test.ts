/** What the linters of packages say about both. */
import { expect, test } from "vitest";
import { NODE, runIn, tarballs, tool } from "./support/project.ts";

test.each(["client", "mesh"] as const)("C2 publint finds nothing in the %s", async (name) => {
  const args = [tool("publint"), "run", tarballs()[name], "--strict"];
  const { code, stdout, stderr } = await runIn(process.cwd(), NODE, args);
  expect(code, stdout + stderr).toBe(0);
});

test.each(["client", "mesh"] as const)(
  "C2 the types of the %s are those of its modules, by every resolution of ES modules",
  async (name) => {
    // `require` gets the ES module, as Node does; node10 knows no exports.
    const args = [tool("attw"), tarballs()[name], "--profile", "esm-only", "--no-color"];
    const { code, stdout, stderr } = await runIn(process.cwd(), NODE, args);
    expect(code, stdout + stderr).toBe(0);
  },
);
