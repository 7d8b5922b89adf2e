/** Connections by HTTP/1.1 to the front of workerd. */
import { expect, test } from "vitest";
import { Unread } from "../../../../hosts/machine/net/admission/unread.ts";
import { LIMITS } from "../../../../schema/limits.ts";
import { httpCases } from "../../support/http-cases.ts";
import { settled } from "../../support/served.ts";
import { serveFront } from "./support/served.ts";

httpCases((unread) => serveFront(unread === undefined ? {} : { unread }));

test("P8.1 a body that no route takes is refused here, and not read", async () => {
  for (const top of [
    `Content-Length: ${2 ** 40}\r\n\r\n`,
    "Transfer-Encoding: chunked\r\n\r\nffffffff\r\n",
  ]) {
    const { conn, seen } = serveFront();
    conn.push(`POST / HTTP/1.1\r\nHost: mesh\r\nExpect: 100-continue\r\n${top}`);
    await settled();
    expect(seen).toEqual([]);
    expect(conn.written).toContain('"body_too_large"');
    expect(conn.written).toContain("connection: close");
    expect(conn.isWriteClosed).toBe(true);
  }
});

const GET = "GET / HTTP/1.1\r\nHost: mesh\r\n\r\n";
/** Of what is sent at once. */
const PIECE_BYTES = 65_536;

test("P8.1 whoever sends requests without waiting has little of them kept, and all answered", async () => {
  const unread = new Unread();
  const { conn, seen } = serveFront({ unread });
  const perPiece = Math.floor(PIECE_BYTES / GET.length);
  for (let n = 0; n < 4; n++) conn.push(GET.repeat(perPiece));
  let most = 0;
  while (seen.length < 4 * perPiece) {
    await settled();
    most = Math.max(most, unread.bytes);
  }
  expect(most).toBeLessThanOrEqual(LIMITS.HEAD_BYTES + PIECE_BYTES);
  expect(unread.bytes).toBe(0);
});

test("P8.1 what was sent before the client's end is answered whole", async () => {
  const { conn, seen } = serveFront();
  conn.push(GET.repeat(5));
  conn.end();
  while (!conn.isWriteClosed) await settled();
  expect(seen).toHaveLength(5);
});

/** Requests whose answers are more than the connection takes unread. */
const MANY = 2_000;

/** A client with many requests that reads no answer, when there is more than it takes. */
async function stuck() {
  const served = serveFront();
  served.reads(false);
  served.conn.push(GET.repeat(MANY));
  let before = -1;
  while (served.seen.length > before) {
    before = served.seen.length;
    await settled();
  }
  expect(served.seen.length).toBeLessThan(MANY / 2);
  return served;
}

test("P8.1 whoever does not read its answers is served no more, and closed after the time for it", async () => {
  const { conn, wait } = await stuck();
  wait(LIMITS.ANSWER_TIMEOUT_MS - 1);
  expect(conn.isClosed).toBe(false);
  wait(1);
  expect(conn.isClosed).toBe(true);
});

test("P8.5 whoever does not read its answers gives way to others", async () => {
  const { conn, admission } = await stuck();
  expect(admission.shedAny()).toBe(true);
  expect(conn.isClosed).toBe(true);
});

test("P8.1 whoever reads its answers late has them all", async () => {
  const { seen, wait, reads } = await stuck();
  wait(LIMITS.ANSWER_TIMEOUT_MS - 1);
  reads(true);
  while (seen.length < MANY) await settled();
});

test("P8.5 proofs that fail take no room of those who make accounts", async () => {
  const { conn, seen } = serveFront({ status: 401 });
  for (let n = 1; n <= 100; n++) {
    conn.push("POST /v1/devices HTTP/1.1\r\nHost: mesh\r\nContent-Length: 2\r\n\r\n{}");
    while (seen.length < n && !conn.isWriteClosed) await settled();
    await settled();
  }
  expect(seen).toHaveLength(100);
});
