/** Connections by HTTP/1.1 on the host of Deno. */
import { expect, test } from "vitest";
import { httpCases } from "../../support/http-cases.ts";
import { settled } from "../../support/served.ts";
import { serveHttp } from "./support/conn.ts";

httpCases(serveHttp);

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
