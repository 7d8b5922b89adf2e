/** How the host of Deno reads the head of a request: strictly, so that no proxy before it reads another request. */
import { expect, test } from "vitest";
import { readHead } from "../../../../hosts/machine/net/http/head.ts";

const read = (...lines: readonly string[]) =>
  readHead(Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1"));

const REFUSED: readonly (readonly [string, readonly string[]])[] = [
  [
    "Content-Length twice",
    ["POST / HTTP/1.1", "Host: a", "Content-Length: 1", "Content-Length: 1"],
  ],
  ["a list of lengths", ["POST / HTTP/1.1", "Host: a", "Content-Length: 1, 1"]],
  ["a length with a sign", ["POST / HTTP/1.1", "Host: a", "Content-Length: +1"]],
  ["a length in hex", ["POST / HTTP/1.1", "Host: a", "Content-Length: 0x1"]],
  ["an empty length", ["POST / HTTP/1.1", "Host: a", "Content-Length:"]],
  ["a length behind a space that is none", ["POST / HTTP/1.1", "Host: a", "Content-Length:\xa01"]],
  ["a length before one", ["POST / HTTP/1.1", "Host: a", "Content-Length: 1\xa0"]],
  ["chunks behind one", ["POST / HTTP/1.1", "Host: a", "Transfer-Encoding:\xa0chunked"]],
  ["a Host before one", ["GET / HTTP/1.1", "Host: a\xa0"]],
  [
    "both ways to tell the length",
    ["POST / HTTP/1.1", "Host: a", "Content-Length: 1", "Transfer-Encoding: chunked"],
  ],
  ["another coding", ["POST / HTTP/1.1", "Host: a", "Transfer-Encoding: gzip, chunked"]],
  [
    "chunked twice",
    ["POST / HTTP/1.1", "Host: a", "Transfer-Encoding: chunked", "Transfer-Encoding: chunked"],
  ],
  ["chunks in HTTP/1.0", ["POST / HTTP/1.0", "Host: a", "Transfer-Encoding: chunked"]],
  ["a folded line", ["GET / HTTP/1.1", "Host: a", "X-A: b", " c"]],
  ["a first line that is folded", ["GET / HTTP/1.1", " Host: a"]],
  ["a bare LF", ["GET / HTTP/1.1", "Host: a\nX-A: b"]],
  ["a bare CR", ["GET / HTTP/1.1", "Host: a\rX-A: b"]],
  ["a NUL", ["GET / HTTP/1.1", "Host: a", "X-A: \0"]],
  ["a DEL", ["GET / HTTP/1.1", "Host: a", "X-A: \x7f"]],
  ["a space before the colon", ["GET / HTTP/1.1", "Host: a", "X-A : b"]],
  ["a line without a colon", ["GET / HTTP/1.1", "Host: a", "X-A"]],
  ["no name", ["GET / HTTP/1.1", "Host: a", ": b"]],
  ["a name that is no token", ["GET / HTTP/1.1", "Host: a", "X(A): b"]],
  ["no Host", ["GET / HTTP/1.1"]],
  ["Host twice", ["GET / HTTP/1.1", "Host: a", "Host: a"]],
  ["a Host with a path", ["GET / HTTP/1.1", "Host: a/b"]],
  ["a Host with a user", ["GET / HTTP/1.1", "Host: u@a"]],
  ["a target that is no path", ["GET a HTTP/1.1", "Host: a"]],
  ["a target with a fragment", ["GET /#a HTTP/1.1", "Host: a"]],
  ["a target with a space", ["GET /a b HTTP/1.1", "Host: a"]],
  ["two spaces", ["GET  / HTTP/1.1", "Host: a"]],
  ["a tab", ["GET\t/ HTTP/1.1", "Host: a"]],
  ["another version", ["GET / HTTP/2.0", "Host: a"]],
  ["a version in lower case", ["GET / http/1.1", "Host: a"]],
  ["no version", ["GET /", "Host: a"]],
];

test.each(REFUSED)("P8.4 a head is refused for %s", (_, lines) => {
  expect(typeof read(...lines)).toBe("string");
});

test("P8.4 a head is read as RFC 9112 says", () => {
  expect(
    read("POST http://b/x?y=1 HTTP/1.1", "HOST: a:80", "content-LENGTH:  12 ", "x-a: 1", "X-A:\t2"),
  ).toMatchObject({
    method: "POST",
    target: "/x?y=1",
    // Not what Host says (RFC 9112 §3.2.2).
    host: "b",
    length: 12,
    keepsAlive: true,
    fields: new Map([
      ["host", "a:80"],
      ["content-length", "12"],
      ["x-a", "1, 2"],
    ]),
  });
  expect(read("GET http://b HTTP/1.1", "Host: a")).toMatchObject({ target: "/", length: 0 });
  expect(read("GET http://b?c HTTP/1.1", "Host: a")).toMatchObject({ target: "/?c", host: "b" });
  expect(read("GET /x HTTP/1.1", "Host: a:80")).toMatchObject({ host: "a:80" });
  expect(read("GET / HTTP/1.0")).toMatchObject({ host: "", keepsAlive: false, isCurrent: false });
  expect(read("GET / HTTP/1.0", "Connection: Keep-Alive")).toMatchObject({ keepsAlive: true });
  expect(read("GET / HTTP/1.1", "Host: a", "Connection: x, CLOSE")).toMatchObject({
    keepsAlive: false,
  });
  expect(read("POST / HTTP/1.1", "Host: a", "Transfer-Encoding: Chunked")).toMatchObject({
    length: null,
  });
});

test("P8.4 a value ends at spaces and tabs, and at nothing else that looks like one", () => {
  const head = read(
    "GET / HTTP/1.1",
    "Host:\t a \t",
    "X:\xa0b\xa0",
    "Connection:\xa0close",
    "Upgrade: \xa0websocket",
    "Expect: 100-continue\xa0",
  );
  if (typeof head === "string") throw new Error(head);
  expect(head).toMatchObject({ host: "a", keepsAlive: true, expectsContinue: false });
  expect(head.isUpgrade).toBe(false);
  expect(head.fields.get("x")).toBe("\xa0b\xa0");
});
