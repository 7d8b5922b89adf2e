/** Connections by HTTP/1.1 to the front of workerd. */
import { expect, test } from "vitest";
import { Unread } from "../../../../hosts/machine/net/admission/unread.ts";
import { LIMITS } from "../../../../schema/limits.ts";
import { httpCases } from "../../support/http-cases.ts";
import { settled } from "../../support/served.ts";
import { serveFront } from "./support/served.ts";

httpCases((unread) => serveFront(unread === undefined ? {} : { unread }));

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

test("P8.5 an event stream ends when its client half-closes", async () => {
  const { conn, entry } = serveFront({ isStream: true });
  conn.push(GET);
  await settled();
  expect(conn.written).toContain(": hello");
  expect(entry.standing).toBe("guest");
  conn.end();
  await settled();
  expect(conn.isClosed).toBe(true);
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
