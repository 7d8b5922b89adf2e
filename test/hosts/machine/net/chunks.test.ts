/** How a host of one machine reads a body in chunks: bounded, and as strictly as heads. */
import { expect, test } from "vitest";
import { ChunkReader } from "../../../../hosts/machine/net/http/chunks.ts";

const read = (text: string, bound = 100) => {
  const reader = new ChunkReader(bound);
  const answer = reader.read(Buffer.from(text, "latin1"));
  return { answer, body: Buffer.from(reader.body).toString("latin1"), isOver: reader.isOver };
};

test.each([
  ["no size", "\r\nabc\r\n0\r\n\r\n"],
  ["a size that is no number", "x\r\nabc\r\n0\r\n\r\n"],
  ["a sign", "+3\r\nabc\r\n0\r\n\r\n"],
  ["a prefix", "0x3\r\nabc\r\n0\r\n\r\n"],
  ["a space before the size", " 3\r\nabc\r\n0\r\n\r\n"],
  ["a space behind the size", "3 \r\nabc\r\n0\r\n\r\n"],
  ["a size of nine digits", "000000003\r\nabc\r\n0\r\n\r\n"],
  ["a bare LF behind the size", "3\nabc\r\n0\r\n\r\n"],
  ["a bare LF behind the data", "3\r\nabc\n0\r\n\r\n"],
  ["more data than its size", "3\r\nabcd\r\n0\r\n\r\n"],
  ["a control character in an extension", "3;a=\0\r\nabc\r\n0\r\n\r\n"],
  ["an extension that is too long", `3;${"a".repeat(1_024)}\r\nabc\r\n0\r\n\r\n`],
  ["an extension without end", `3;${"a".repeat(1_024)}`],
  ["a bare LF for the empty line", "0\r\n\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"],
  ["a bare LF behind a trailer", "0\r\nA: b\n\r\n\r\n"],
  ["a bare CR in a trailer", "0\r\nA: b\rc\r\n\r\n"],
  ["a NUL in a trailer", "0\r\nA: \0\r\n\r\n"],
  ["a trailer without a colon", "0\r\nX y\r\n\r\n"],
  ["a trailer without a name", "0\r\n: y\r\n\r\n"],
  ["a folded trailer", "0\r\nA: b\r\n c\r\n\r\n"],
  ["trailers that are too long", `0\r\n${"A: b\r\n".repeat(200)}\r\n`],
  ["trailers without end", `0\r\n${"A: b\r\n".repeat(200)}`],
])("P8.2 P8.4 a chunk is refused for %s", (_, text) => {
  expect(read(text).answer).toBe(null);
});

test("P8.2 chunks are read to their end, with extensions and trailers that nobody asked for", () => {
  const whole = "3\r\nabc\r\n02 ; a=b\r\nde\r\n0\r\nA: b\r\n\r\n";
  expect(read(`${whole}GET /`)).toEqual({
    answer: { used: whole.length, isEnd: true },
    body: "abcde",
    isOver: false,
  });
  for (let end = 0; end < whole.length; end++) {
    expect(read(whole.slice(0, end)).answer).toMatchObject({ isEnd: false });
  }
});

test("P8.1 chunks are read up to the bound and no further", () => {
  expect(read("5\r\nabcde\r\n0\r\n\r\n", 5)).toMatchObject({ body: "abcde", isOver: false });
  expect(read("3\r\nabc\r\n3\r\n", 5)).toMatchObject({ answer: { isEnd: true }, isOver: true });
  // Its size alone says so: nothing of it is waited for.
  expect(read("ffffffff\r\n", 5)).toMatchObject({ answer: { isEnd: true }, isOver: true });
});

test("P8.1 a body in chunks of one byte each takes no more memory than twice its size", () => {
  const bound = 131_072;
  const reader = new ChunkReader(bound);
  const chunk = Buffer.from("1\r\na\r\n");
  for (let i = 0; i < bound; i++) reader.read(chunk);
  expect(reader.isOver).toBe(false);
  expect(reader.body.length).toBe(bound);
  expect(reader.body.buffer.byteLength).toBeLessThanOrEqual(2 * bound);
  reader.read(chunk);
  expect(reader.isOver).toBe(true);
});
