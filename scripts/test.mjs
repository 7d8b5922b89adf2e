// @ts-check
/**
 * `npm test`: set-up, static checks, then every test. Closes with `N passed, N failed`, and fails when
 * anything did. Arguments go to vitest: `npm test -- --project core`.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runChecks } from "./checks.mjs";
import { ensureChromium } from "./chromium.mjs";
import { main, run, setup } from "./setup.mjs";

/**
 * @typedef {{ status: string, name: string, assertionResults: { status: string, fullName: string }[] }} FileResult
 * @param {string} file what vitest's JSON reporter wrote.
 * @returns {{ passed: number, failed: number }}
 */
function count(file) {
  /** @type {{ testResults: FileResult[] }} */
  const report = JSON.parse(readFileSync(file, "utf8"));
  let passed = 0;
  let failed = 0;
  for (const { status, name, assertionResults } of report.testResults) {
    // A file that does not load has no tests, and is one failure.
    if (status === "failed" && !assertionResults.some((test) => test.status === "failed"))
      failed += 1;
    for (const test of assertionResults) {
      if (test.status === "passed") passed += 1;
      else failed += 1;
      // A test that was skipped has proved nothing.
      if (test.status !== "passed" && test.status !== "failed")
        process.stdout.write(`${test.status}, counted as failed: ${name}: ${test.fullName}\n`);
    }
  }
  return { passed, failed };
}

await main(async () => {
  setup();
  // One waits for a download, the other computes.
  const [failedChecks] = await Promise.all([runChecks(), ensureChromium()]);
  const folder = mkdtempSync(join(tmpdir(), "pushmesh-test-"));
  const file = join(folder, "report.json");
  const exitCode = await run("vitest", [
    "run",
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${file}`,
    ...process.argv.slice(2),
  ]);
  let { passed, failed } = { passed: 0, failed: 0 };
  try {
    ({ passed, failed } = count(file));
  } catch (error) {
    process.stdout.write(`vitest left no report: ${error}\n`);
  }
  rmSync(folder, { recursive: true });
  // An error outside of any test fails the run as well.
  if (exitCode !== 0 && failed === 0) failed = 1;
  failed += failedChecks;
  process.stdout.write(`${passed} passed, ${failed} failed\n`);
  return failed === 0 && passed > 0 ? 0 : 1;
});
