/** What a command costs, in processor time: as a ratio to Node's own start, because machines differ and are busy. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect, test } from "vitest";
import { shared } from "../mesh/support/shared-mesh.ts";
import { NODE, newProject, runIn, write } from "./support/project.ts";

/**
 * Measured on a quiet machine, where Node takes 0.106 s: 2.0, and 2.4 for a send. With Node's own fetch, which takes 0.1 s to load, a send
 * took 3.3.
 */
const VERSION_RATIO_MAX = 3;
const SEND_RATIO_MAX = 3.2;
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

/** What answers a send: the work of a mesh is none of the command's. */
const mesh = shared(async (atEnd) => {
  const server = createServer((request, response) => {
    request.resume().on("end", () => response.end('{"id":"a.b","status":"queued","tookMs":1}'));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  atEnd(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
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
  const send = ["send", "--to", "r", "--data", "x", "--url", mesh()];
  const key = ["--key-id", "a.k1", "--key", "A".repeat(43)];
  const bare = await cpuOf("bare.mjs");
  const version = (await cpuOf(command, "--version")) / bare;
  const sent = (await cpuOf(command, ...send, ...key)) / bare;
  expect(version).toBeGreaterThan(1);
  expect(version).toBeLessThan(VERSION_RATIO_MAX);
  expect(sent).toBeLessThan(SEND_RATIO_MAX);
});
