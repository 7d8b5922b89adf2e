/** Connections by HTTP/1.1 to the front of workerd. */
import { expect, test } from "vitest";
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
