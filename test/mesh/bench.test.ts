/** That every benchmark runs, and what it writes. How fast anything was is not looked at: this machine is shared. */
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, describe, expect, it } from "vitest";
import * as z from "zod";
import { DEFAULT_HOST } from "../../scripts/hosts.mjs";
import { HOST } from "../support/host.ts";

const run = promisify(execFile);
const MAIN = fileURLToPath(new URL("../../bench/main.ts", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "pushmesh-bench-test-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Each in one process, one scenario after the other. */
const RUNS: readonly (readonly string[])[] = [
  // First, beside the others: it mostly waits.
  ["idle"],
  ["send-online", "send-online-answered", "send-ed25519", "send-sealed", "send-offline"],
  ["sender-link", "batch", "batch-raw", "replay", "connect-storm", "broadcast-devices"],
  ["broadcast-live", "send-during-broadcast"],
];

/** On the other host, one of each kind of load: how it is started and measured there differs, and no scenario. */
const ON_OTHER_HOST: readonly (readonly string[])[] = [
  ["send-online", "broadcast-live", "connect-storm"],
];

const figure = z.number().nonnegative();
const rows = z
  .array(
    z.strictObject({
      scenario: z.string(),
      metric: z.string(),
      unit: z.string(),
      value: figure,
      control: figure,
      ratio: figure,
      samples: z.strictObject({
        value: z.array(figure).nonempty(),
        control: z.array(figure).nonempty(),
      }),
    }),
  )
  .nonempty();

describe("npm run bench", () => {
  it.concurrent.for(
    (HOST === DEFAULT_HOST ? RUNS : ON_OTHER_HOST).map((run) => [run.join(", "), run] as const),
  )("%s: figures of the mesh and of its control are written", async ([, scenarios], { expect }) => {
    const json = join(folder, `${scenarios[0]}.json`);
    const options = ["--seconds", "1", "--devices", "20", "--in-flight", "8", "--json", json];
    const chosen = scenarios.flatMap((scenario) => ["--scenario", scenario]);
    const args = [MAIN, "--host", HOST, ...chosen, ...options];
    const { stdout } = await run(process.execPath, args);
    const written = rows.parse(JSON.parse(readFileSync(json, "utf8")));
    expect(new Set(written.map((row) => row.scenario))).toEqual(new Set(scenarios));
    // A line for each row, below one of headings.
    expect(stdout.trim().split("\n")).toHaveLength(written.length + 1);
  });

  it("names what is wrong with its options, and measures nothing", async () => {
    const wrong = run(process.execPath, [MAIN, "--scenario", "send-sideways"]);
    await expect(wrong).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining("no scenario send-sideways; there are send-online,"),
    });
  });
});
