/** Connections by HTTP/1.1 on the host of Deno. */
import { expect, test } from "vitest";
import { Pipeline } from "../../../../hosts/deno/net/pipeline.ts";
import { Unread } from "../../../../hosts/machine/net/admission/unread.ts";
import { LIMITS } from "../../../../schema/limits.ts";
import { httpCases } from "../../support/http-cases.ts";
import { settled } from "../../support/served.ts";
import { serveHttp, turn } from "./support/conn.ts";

httpCases(serveHttp);

const GET = "GET / HTTP/1.1\r\nHost: mesh\r\n\r\n";

test("P8.3 requests that come all at once are served in turn with those of others", async () => {
  const pipeline = new Pipeline(turn);
  const [greedy, other] = [serveHttp(new Unread(), pipeline), serveHttp(new Unread(), pipeline)];
  greedy.conn.push(GET.repeat(1_000));
  other.conn.push(GET.repeat(10));
  while (other.seen.length < 10) await turn();
  expect(greedy.seen.length).toBeLessThan(20);
  while (greedy.seen.length < 1_000) await turn();
});

test("P8.1 answers that are not read are kept up to the limit, and as long as a connection may be idle", async () => {
  const { conn, transport, seen, entry, wait } = serveHttp();
  conn.stopReading();
  conn.push(GET.repeat(5_000));
  while (transport.unsentBytes <= 65_536) await turn();
  for (let i = 0; i < 50; i++) await settled();
  expect(transport.unsentBytes).toBeLessThan(65_536 + 1_000);
  const served = seen.length;
  // What it sends on waits with it.
  conn.push(GET.repeat(5_000));
  for (let i = 0; i < 50; i++) await settled();
  expect(seen).toHaveLength(served);
  expect(entry.standing).toBe("idle");
  wait(LIMITS.KEEP_ALIVE_MS - 1);
  expect(conn.isClosed).toBe(false);
  wait(1);
  expect(conn.isClosed).toBe(true);
});

test("P8.1 a client that reads late has all its answers", async () => {
  const { conn, transport, seen } = serveHttp();
  conn.stopReading();
  conn.push(GET.repeat(2_000));
  while (transport.unsentBytes <= 65_536) await turn();
  conn.readOn();
  while (seen.length < 2_000) await turn();
  await settled();
  expect(conn.written.match(/HTTP\/1\.1 200/g)).toHaveLength(2_000);
});

test("P8.1 a body that no route takes is not read", async () => {
  for (const top of [
    `Content-Length: ${2 ** 40}\r\n\r\n`,
    "Transfer-Encoding: chunked\r\n\r\nffffffff\r\n",
  ]) {
    const { conn, seen } = serveHttp();
    conn.push(`POST / HTTP/1.1\r\nHost: mesh\r\nExpect: 100-continue\r\n${top}`);
    await settled();
    expect(seen).toHaveLength(1);
    expect(conn.written).toContain("connection: close");
    expect(conn.isWriteClosed).toBe(true);
  }
});
