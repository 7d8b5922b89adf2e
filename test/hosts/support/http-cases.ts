/**
 * Connections by HTTP/1.1 in front of a host of one machine: each bound at it and one past it, and the same requests as Node reads.
 * Every front of ours passes these.
 */
import { createServer, METHODS } from "node:http";
import { Duplex } from "node:stream";
import fc from "fast-check";
import { expect, test } from "vitest";
import { parseKeyId } from "../../../core/identity/app-id.ts";
import { Unread } from "../../../hosts/machine/net/admission/unread.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { fuzz, fuzzTimeoutMs } from "../../core/support/fuzz.ts";
import { type Seen, type Served, settled } from "./served.ts";

const GET = "GET / HTTP/1.1\r\nHost: mesh\r\n\r\n";
const statusOf = (written: string): number => Number(/^HTTP\/1\.1 (\d+)/.exec(written)?.[1]);

/** Requests whose answers are more than a connection takes unread. */
const MANY = 2_000;

/** A GET whose head has so many bytes. */
const headOf = (bytes: number): string => {
  const [start = "", end = ""] = ["GET / HTTP/1.1\r\nHost: mesh\r\nX: ", "\r\n\r\n"];
  return start + "a".repeat(bytes - start.length - end.length) + end;
};

/** What Node makes of the same bytes. */
async function readByNode(bytes: string): Promise<Seen[]> {
  const seen: Seen[] = [];
  const server = createServer({ insecureHTTPParser: false }, (request, response) => {
    let body = "";
    request.on("data", (chunk) => (body += chunk.toString("latin1")));
    request.on("end", () => {
      const url = new URL(request.url ?? "", "http://mesh");
      const path = `http://mesh${url.pathname}${url.search}`;
      seen.push({ method: request.method ?? "", url: path, body });
      response.end();
    });
  });
  // What it has read before the fault is to be heard.
  server.on("clientError", () => {});
  const socket = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
  socket.on("error", () => {});
  server.emit("connection", socket);
  socket.push(Buffer.from(bytes, "latin1"));
  for (let i = 0; i < 20; i++) await settled();
  socket.destroy();
  server.close();
  return seen;
}

/** Pieces that two readers could join differently. */
const line = fc.constantFrom(
  "Content-Length: 3",
  "Content-Length: 5",
  "Content-Length : 3",
  "Content-Length: 3, 3",
  "content-length:\t3",
  "Content-Length: +3",
  "Content-Length: 03",
  " Content-Length: 3",
  "Transfer-Encoding: chunked",
  "Transfer-Encoding: Chunked",
  "Transfer-Encoding: identity",
  "Transfer-Encoding: chunked, identity",
  "Transfer-Encoding:\tchunked",
  "Transfer-Encoding : chunked",
  "Transfer-Encoding\r\n : chunked",
  "X: a",
  "X: a\r\n b",
  "X: a\nContent-Length: 3",
  "X: a\rContent-Length: 3",
  "Connection: close",
);
const start = fc.constantFrom(
  "POST /a HTTP/1.1",
  "GET /b?c=d HTTP/1.1",
  "POST http://mesh/e HTTP/1.1",
  "PUT /f HTTP/1.0",
  "POST  /g HTTP/1.1",
);
const body = fc.constantFrom(
  "",
  "abc",
  "abcde",
  "0\r\n\r\n",
  "3\r\nabc\r\n0\r\n\r\n",
  "3;x=y\r\nabc\r\n0\r\nX: y\r\n\r\n",
  "3\r\nabc\n0\r\n\r\n",
  "3\r\nabc\r\n0\r\n\nGET /hidden HTTP/1.1\r\nHost: mesh\r\n\r\n",
  "3\r\nabc\r\n0\r\nX y\r\n\r\n",
  "3 \r\nabc\r\n0\r\n\r\n",
  "03\r\nabc\r\n00\r\n\r\n",
  "3\nabc\r\n0\r\n\r\n",
  "GET /hidden HTTP/1.1\r\nHost: mesh\r\n\r\n",
);
const end = fc.constantFrom("\r\n\r\n", "\r\n\r\n", "\r\n\r\n", "\n\n", "\r\n\n", "\n\r\n");
const request = fc
  .tuple(start, fc.array(line, { maxLength: 3 }), end, body)
  .map(
    ([first, lines, ending, rest]) =>
      `${[first, "Host: mesh", ...lines].join("\r\n")}${ending}${rest}`,
  );

/** @param serveHttp serves a connection by the front under test. @param unread what it and others hold of unfinished requests */
export function httpCases(serveHttp: (unread?: Unread) => Served): void {
  test("P8.1 a head may have as many bytes as the limit says, and not one more", async () => {
    const fits = serveHttp();
    fits.conn.push(headOf(LIMITS.HEAD_BYTES));
    await settled();
    expect(statusOf(fits.conn.written)).toBe(200);

    const whole = serveHttp();
    whole.conn.push(headOf(LIMITS.HEAD_BYTES + 1));
    await settled();
    expect(statusOf(whole.conn.written)).toBe(431);
    expect(whole.conn.written).toContain('"head_too_large"');
    expect(whole.seen).toEqual([]);
    expect(whole.refused).toEqual(["head_too_large"]);

    // One that does not end is refused by the same bound.
    const endless = serveHttp();
    endless.conn.push(headOf(2 * LIMITS.HEAD_BYTES).slice(0, LIMITS.HEAD_BYTES + 1));
    await settled();
    expect(statusOf(endless.conn.written)).toBe(431);
  });

  test("P8.1 a head has its time from the first byte, and not a millisecond more", async () => {
    const slow = serveHttp();
    slow.conn.push(GET.slice(0, 1));
    await settled();
    slow.wait(LIMITS.HEAD_TIMEOUT_MS - 1);
    slow.conn.push(GET.slice(1, 20));
    await settled();
    expect(slow.conn.written).toBe("");
    slow.wait(1);
    await settled();
    expect(statusOf(slow.conn.written)).toBe(408);
    expect(slow.entry.standing).toBe("closing");
    // It closes within a second, whatever its client does.
    slow.wait(1_000);
    expect(slow.conn.isClosed).toBe(true);
  });

  test("P8.1 a connection on which nothing is asked is closed after the time for a head", async () => {
    const silent = serveHttp();
    silent.wait(LIMITS.HEAD_TIMEOUT_MS - 1);
    expect(silent.conn.isClosed).toBe(false);
    silent.wait(1);
    expect(silent.conn.isClosed).toBe(true);
    expect(silent.conn.written).toBe("");
  });

  test("P8.1 a body has its time from the head, and not a millisecond more", async () => {
    const slow = serveHttp();
    slow.conn.push("POST / HTTP/1.1\r\nHost: mesh\r\nContent-Length: 2\r\n\r\n");
    await settled();
    slow.wait(LIMITS.BODY_TIMEOUT_MS - 1);
    slow.conn.push("a");
    await settled();
    expect(slow.conn.written).toBe("");
    slow.wait(1);
    await settled();
    expect(statusOf(slow.conn.written)).toBe(408);
  });

  test("P8.1 a connection waits for its next request as long as the limit says, and no longer", async () => {
    const idle = serveHttp();
    idle.conn.push(GET);
    await settled();
    expect(idle.entry.standing).toBe("idle");
    idle.wait(LIMITS.KEEP_ALIVE_MS - 1);
    expect(idle.conn.isClosed).toBe(false);
    idle.conn.push(GET);
    await settled();
    expect(idle.seen).toHaveLength(2);
    idle.wait(LIMITS.KEEP_ALIVE_MS);
    expect(idle.conn.isClosed).toBe(true);
  });

  test("P8.1 requests that have not come whole hold no more than the limit, all together", async () => {
    const unread = new Unread();
    unread.strangersBytes = LIMITS.UNREAD_STRANGERS_BYTES - 100;
    const [first, second] = [serveHttp(unread), serveHttp(unread)];
    const top = "POST / HTTP/1.1\r\nHost: mesh\r\nContent-Length: 1000\r\n\r\n";
    first.conn.push(`${top}${"a".repeat(100)}`);
    await settled();
    expect(unread.strangersBytes).toBe(LIMITS.UNREAD_STRANGERS_BYTES);
    expect(first.conn.written).toBe("");
    // One byte more is refused, and what its connection held is free.
    second.conn.push(`${top}a`);
    await settled();
    expect(statusOf(second.conn.written)).toBe(503);
    expect(second.conn.written).toContain('"overloaded"');
    expect(unread.strangersBytes).toBe(LIMITS.UNREAD_STRANGERS_BYTES);
    // What comes whole is not held at all.
    const third = serveHttp(unread);
    third.conn.push(`${top}${"a".repeat(1_000)}`);
    await settled();
    expect(statusOf(third.conn.written)).toBe(200);
    // In chunks it counts as well.
    const fourth = serveHttp(unread);
    fourth.conn.push(
      "POST / HTTP/1.1\r\nHost: mesh\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n",
    );
    await settled();
    expect(statusOf(fourth.conn.written)).toBe(503);
    first.conn.end();
    await settled();
    expect(unread.strangersBytes).toBe(LIMITS.UNREAD_STRANGERS_BYTES - 100);
    expect(unread.bytes).toBe(0);
  });

  test("P8.16 strangers leave room for the bodies of app servers, which have all that is left", async () => {
    const unread = new Unread();
    const { conn } = serveHttp(unread);
    const input = 'sig1=("@method");created=1;keyid="0123456789abcdef012345.k1"';
    const top = `POST /v1/messages HTTP/1.1\r\nHost: mesh\r\nSignature-Input: ${input}\r\n`;
    const slow = `${top}Content-Length: 1000\r\n\r\n`;
    unread.strangersBytes = LIMITS.UNREAD_STRANGERS_BYTES;
    unread.bytes = unread.strangersBytes;
    conn.push(`${slow}${"a".repeat(1_000)}`);
    await settled();
    expect(statusOf(conn.written)).toBe(200);
    conn.push(`${slow}${"a".repeat(500)}`);
    await settled();
    expect(unread.bytes).toBe(unread.strangersBytes + 500);
    conn.push("a".repeat(500));
    await settled();
    expect(conn.written.split("HTTP/1.1 200")).toHaveLength(3);
    expect(unread.bytes).toBe(LIMITS.UNREAD_STRANGERS_BYTES);
    // What comes next has to name a key itself.
    conn.push("POST / HTTP/1.1\r\nHost: mesh\r\nContent-Length: 1000\r\n\r\na");
    await settled();
    expect(conn.written).toContain('"overloaded"');
    expect(unread.strangersBytes).toBe(LIMITS.UNREAD_STRANGERS_BYTES);
    // All together have a bound, too.
    const other = serveHttp(unread);
    other.conn.push(`${slow}${"a".repeat(1_000)}`);
    await settled();
    unread.bytes = LIMITS.UNREAD_BYTES;
    other.conn.push(`${slow}a`);
    await settled();
    expect(other.conn.written).toContain('"overloaded"');
    expect(unread.bytes).toBe(LIMITS.UNREAD_BYTES);
  });

  test("P8.5 a request of an app over its share is told when to come back, on a connection that stays", async () => {
    const { conn, seen, refused, admission } = serveHttp();
    const input = 'sig1=("@method");created=1;keyid="0123456789abcdef012345.k1"';
    const signed = `GET /v1/messages/x HTTP/1.1\r\nHost: mesh\r\nSignature-Input: ${input}\r\n\r\n`;
    conn.push(signed);
    await settled();
    expect(seen).toHaveLength(1);
    // Others from everywhere wait for their answers.
    for (let n = 0; ; n++) {
      const entry = admission.admit(`198.51.${n >> 8}.${n & 255}`, () => {});
      if (entry === null || !entry.mayWorkFor(parseKeyId("0123456789abcdef012345.k1")?.appId ?? ""))
        break;
      entry.become("busy");
    }
    conn.push(signed);
    await settled();
    expect(seen).toHaveLength(1);
    expect(refused).toEqual(["too_many_requests"]);
    const second = conn.written.slice(conn.written.lastIndexOf("HTTP/1.1"));
    expect(statusOf(second)).toBe(429);
    expect(second.toLowerCase()).toContain("retry-after: 1\r\n");
    conn.push(GET);
    await settled();
    expect(seen).toHaveLength(2);
  });

  test("P8.1 what comes before its turn waits with the client", async () => {
    const { conn, seen } = serveHttp();
    conn.push(GET.repeat(100));
    for (let i = 0; i < 100; i++) await settled();
    expect(seen).toHaveLength(100);
  });

  test("P8.1 a body larger than any route reads is refused, and not read", async () => {
    for (const top of [
      `Content-Length: ${2 ** 40}\r\n\r\n`,
      `Content-Length: ${LIMITS.MESSAGE_BODY_BYTES + 1}\r\n\r\n`,
      "Transfer-Encoding: chunked\r\n\r\nffffffff\r\n",
    ]) {
      const { conn, seen, refused } = serveHttp();
      conn.push(`POST / HTTP/1.1\r\nHost: mesh\r\nExpect: 100-continue\r\n${top}`);
      await settled();
      expect(seen).toEqual([]);
      expect(refused).toEqual(["body_too_large"]);
      expect(statusOf(conn.written.replace("HTTP/1.1 100 Continue\r\n\r\n", ""))).toBe(413);
      expect(conn.written).toContain("connection: close");
      expect(conn.written).toMatch(/^date: /m);
      expect(conn.isWriteClosed).toBe(true);
    }
  });

  test("P8.4 a body in chunks with malformed trailers is refused, and nothing behind it is read", async () => {
    for (const trailers of ["\n", "A: b\n\r\n", "A: \0\r\n", "X y\r\n", ": y\r\n"]) {
      const { conn, seen, refused } = serveHttp();
      const top = "POST / HTTP/1.1\r\nHost: mesh\r\nTransfer-Encoding: chunked\r\n\r\n";
      conn.push(`${top}2\r\n{}\r\n0\r\n${trailers}${GET}`);
      await settled();
      expect([trailers, seen]).toEqual([trailers, []]);
      expect(refused).toEqual(["request_malformed"]);
      expect(statusOf(conn.written)).toBe(400);
      expect(conn.written).toContain("connection: close");
      expect(conn.isWriteClosed).toBe(true);
    }
  });

  test("P8.1 what was sent before the client's end is answered whole", async () => {
    const { conn, seen } = serveHttp();
    conn.push(GET.repeat(5));
    conn.end();
    while (!conn.isWriteClosed) await settled();
    expect(seen).toHaveLength(5);
    expect(conn.written.match(/HTTP\/1\.1 200/g)).toHaveLength(5);
  });

  /** A client with more requests than the connection takes answers unread, which reads none. */
  async function stuck(unread?: Unread): Promise<Served> {
    const served = serveHttp(unread);
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

  test("P8.3 a client that does not read its answers is served no more, and closed after the time for it", async () => {
    const { conn, wait, entry } = await stuck();
    expect(entry.standing).toBe("idle");
    wait(LIMITS.ANSWER_TIMEOUT_MS - 1);
    expect(conn.isClosed).toBe(false);
    wait(1);
    expect(conn.isClosed).toBe(true);
  });

  test("P8.5 a client that does not read its answers gives way to others", async () => {
    const { conn, admission } = await stuck();
    expect(admission.shedAny()).toBe(true);
    expect(conn.isClosed).toBe(true);
  });

  test("P8.1 a client that has ended and does not read holds nothing once it is closed", async () => {
    const unread = new Unread();
    const { conn, admission } = await stuck(unread);
    conn.end();
    await settled();
    expect(unread.bytes).toBeGreaterThan(0);
    expect(admission.shedAny()).toBe(true);
    await settled();
    expect(unread.bytes).toBe(0);
  });

  test("P8.3 a client that reads its answers late has them all", async () => {
    const { conn, seen, wait, reads } = await stuck();
    wait(LIMITS.ANSWER_TIMEOUT_MS - 1);
    reads(true);
    while (seen.length < MANY) await settled();
    await settled();
    expect(conn.written.match(/HTTP\/1\.1 200/g)).toHaveLength(MANY);
  });

  test(
    "P8.4 no request hides in another: what is read is read by Node too, in any pieces",
    async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(request, { minLength: 1, maxLength: 3 }).map((all) => all.join("")),
          fc.array(fc.nat({ max: 60 }), { maxLength: 5 }),
          async (bytes, cuts) => {
            const { conn, seen } = serveHttp();
            let at = 0;
            for (const cut of cuts) {
              conn.push(bytes.slice(at, at + cut));
              at += cut;
              await settled();
            }
            conn.push(bytes.slice(at));
            for (let i = 0; i < 20; i++) await settled();
            const byNode = await readByNode(bytes);
            // Of a method that it does not know, Node reads no further; here no route takes it.
            const unknown = seen.findIndex(({ method }) => !METHODS.includes(method));
            const known = unknown < 0 ? seen : seen.slice(0, unknown);
            expect(known).toEqual(byNode.slice(0, known.length));
          },
        ),
        fuzz(100),
      );
    },
    fuzzTimeoutMs(100),
  );
}
