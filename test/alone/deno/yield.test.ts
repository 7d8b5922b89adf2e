/**
 * What broadcasts take from single sends, where all objects share a thread. Both sides of the ratio are measured in turns in one
 * run, so that other work on the machine affects both.
 *
 * The other side is not the mesh without broadcasts: there, 500 devices on the machine of the mesh have nothing to do, and a machine
 * with two slow cores took twice as long for a send because the devices wanted them (2.0 to 2.7 in CI, whatever the mesh did). A bare
 * server broadcasts to as many sockets meanwhile, at the same rate, as if the mesh's devices were elsewhere.
 * Fan-outs that do not rest make the ratio 5.5 here; as they are, 1.0 to 1.3.
 */
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, expect, it } from "vitest";
import { HOST } from "../../support/host.ts";

const MAIN = fileURLToPath(new URL("../../../bench/main.ts", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "pushmesh-yield-test-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Another process may take a core from one side only: that spoils one measure, and fan-outs that do not rest spoil all. */
const MEASURES = 3;

it("P5.1 the median of single sends at most doubles beside broadcasts to 500 members", async () => {
  const ratios: number[] = [];
  while (ratios.length < MEASURES && Math.min(...ratios) > 2) ratios.push(await measure());
  expect(Math.min(...ratios), `of ${ratios.join(", ")}`).toBeLessThanOrEqual(2);
});

/** The median beside broadcasts over the median beside those of a bare server. */
async function measure(): Promise<number> {
  const json = join(folder, "rows.json");
  const scenario = ["--scenario", "send-during-broadcast", "--devices", "500", "--seconds", "4"];
  const args = [MAIN, "--host", HOST, ...scenario, "--json", json];
  await promisify(execFile)(process.execPath, args);
  const rows = JSON.parse(readFileSync(json, "utf8")) as { metric: string; ratio: number }[];
  return rows.find((row) => row.metric === "p50, as much to devices")?.ratio ?? Number.NaN;
}
