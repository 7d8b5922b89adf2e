/** What a command costs, in processor time: as a ratio to Node's own start, because machines differ and are busy. */
import { join } from "node:path";
import { expect, test } from "vitest";
import { shared } from "../mesh/support/shared-mesh.ts";
import { NODE, newProject, runIn, write } from "./support/project.ts";

/**
 * Measured when this was written, on a busy machine: 1.9, and 3.5 for a send to an online device, of which Node's fetch, loaded at its first use, is
 * the largest part. With dependencies in place of one file: 2.1 and 3.4.
 */
const VERSION_RATIO_MAX = 3;
const SEND_RATIO_MAX = 5;
/** The least of these counts: what else runs only adds. */
const RUNS = 7;

const REPORT = `process.on("exit", () => {
  const { user, system } = process.cpuUsage();
  process.stderr.write("cpu " + (user + system) + "\\n");
});
`;

const project = shared(async (atEnd) => {
  const folder = newProject(["client"], atEnd);
  write(folder, { "report.mjs": REPORT, "bare.mjs": "" });
  return folder;
});

/** Microseconds. */
async function cpuOf(...args: readonly string[]): Promise<number> {
  const spent: number[] = [];
  for (let at = 0; at < RUNS; at += 1) {
    const { stderr } = await runIn(project(), NODE, ["--import", "./report.mjs", ...args]);
    spent.push(Number(/^cpu (\d+)$/m.exec(stderr)?.[1]));
  }
  return Math.min(...spent);
}

test("C5 a command takes a few times the processor time of Node's start", async () => {
  const command = join("node_modules/pushmesh/bin/pushmesh.mjs");
  const send = ["send", "--to", "r", "--data", "x", "--url", "http://127.0.0.1:2"];
  const key = ["--key-id", "a.k1", "--key", "A".repeat(43), "--wait", "99"];
  const bare = await cpuOf("bare.mjs");
  const version = (await cpuOf(command, "--version")) / bare;
  // Up to the call, which the SDK refuses before it is made.
  const sent = (await cpuOf(command, ...send, ...key)) / bare;
  expect(version).toBeGreaterThan(1);
  expect(version).toBeLessThan(VERSION_RATIO_MAX);
  expect(sent).toBeLessThan(SEND_RATIO_MAX);
});
