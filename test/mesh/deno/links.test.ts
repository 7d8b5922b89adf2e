/** The sockets of the Deno host, where a black box would have to wait for half an hour: see inside/links.ts. */
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOT, start, temporaryFolder } from "../support/process.ts";

/** Runs a scenario of inside/links.ts; what it printed. */
async function inDeno(scenario: string): Promise<Record<string, unknown>> {
  const script = join(ROOT, "test/mesh/deno/inside/links.ts");
  const args = ["run", "-A", "--quiet", "--no-check", script, temporaryFolder(), scenario];
  const process = start(join(ROOT, "node_modules/.bin/deno"), args);
  expect(await process.exited).toBe(0);
  expect(process.stderr.all).toEqual([]);
  return JSON.parse(process.stdout.text);
}

test("L8 a link from which nothing came for twice the longest heartbeat is closed, and no other", async () => {
  const { answer, before, code, after, alive } = await inDeno("silent");
  expect(answer).toBe("pong");
  expect(before).toBe(2);
  expect(code).toBe(4008);
  expect(after).toBe(1);
  expect(alive).toBe(WebSocket.OPEN);
});

test("L7 a stop spreads its closes, and takes no new link meanwhile", async () => {
  const { codes, left, leftAtFirst } = await inDeno("drain");
  expect(codes).toEqual([4000]);
  expect(left).toBe(0);
  // 200 links in turns of 20 that are 20 ms apart: not a time, which a busy machine draws together at the clients.
  expect(leftAtFirst).toBeGreaterThan(0);
});

test("L4 a link that is closed before its socket is open learns so", async () => {
  expect(await inDeno("early")).toEqual({ code: 4000 });
});

test("P8.3 devices that answer no close are gone within a second", async () => {
  expect(await inDeno("room")).toEqual({
    statuses: [101, 101, 101, 101, 101],
    hadThem: true,
    left: 0,
  });
});
