/** Where answers of workerd end, however their bytes come: a front that is wrong mixes up the answers of one connection. */
import { expect, test } from "vitest";
import { frames, joined } from "../../../../hosts/machine/net/frames.ts";
import { ResponseReader } from "../../../../hosts/workerd/front/responses.ts";
import { ServerFrames } from "../../../../hosts/workerd/front/server-frames.ts";

const text = (...lines: readonly string[]) => Buffer.from(lines.join("\r\n"), "latin1");

/** How many bytes were read when the answer was whole; in pieces of a size. */
function endOf(bytes: Buffer, pieceBytes: number, isHead = false): number {
  const reader = new ResponseReader(isHead);
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    if (reader.read(bytes.subarray(at, at + pieceBytes)).isEnd) return at + pieceBytes;
  }
  return -1;
}

const LENGTH = text("HTTP/1.1 200 OK", "Content-Length: 5", "", "hello");
const CHUNKED = text(
  "HTTP/1.1 200 OK",
  "Transfer-Encoding: chunked",
  "",
  "5",
  "he\r\nl",
  "13",
  "0\r\n\r\n0123456789abcd",
  "0",
  "",
  "",
);

test.each([
  ["a length", LENGTH],
  ["chunks", CHUNKED],
  ["no body", text("HTTP/1.1 204 No Content", "", "")],
  ["an interim answer", Buffer.concat([text("HTTP/1.1 100 Continue", "", ""), LENGTH])],
])("P8.5 an answer with %s ends with its last byte", (_, bytes) => {
  for (let pieceBytes = 1; pieceBytes < bytes.length; pieceBytes++) {
    const end = endOf(bytes, pieceBytes);
    expect(end).toBeGreaterThanOrEqual(bytes.length);
    expect(end).toBeLessThan(bytes.length + pieceBytes);
  }
});

test("P8.5 an answer to HEAD, and one that lasts as long as its connection", () => {
  const head = LENGTH.subarray(0, -5);
  expect(endOf(head, 1, true)).toBe(head.length);
  expect(endOf(text("HTTP/1.1 200 OK", "", "any"), 1)).toBe(-1);
});

test("P8.5 frames are told apart in any pieces, and small ones shown", () => {
  const payloads = [1, 125, 126, 1_024, 70_000].map((length) => new Uint8Array(length).fill(7));
  const bytes = joined([...payloads.map((each) => frames.binary(each)), frames.close(4000, "x")]);
  for (const pieceBytes of [1, 7, 1_000, bytes.length]) {
    const reader = new ServerFrames();
    const shown: number[] = [];
    reader.onPayload = ({ length }) => void shown.push(length);
    let closedAt = -1;
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      reader.push(bytes.subarray(at, at + pieceBytes));
      if (closedAt < 0 && reader.isClosed) closedAt = at + pieceBytes;
    }
    // Two bytes of head, two of the code, and the reason.
    expect(closedAt).toBeGreaterThan(bytes.length - 5);
    expect(reader.isBetween).toBe(true);
    expect(shown).toEqual([1, 125, 126, 1_024, 3]);
  }
});
