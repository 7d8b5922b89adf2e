/** Heads and chunks of HTTP requests: read the same in one piece and in many, and refused by a documented error. */
import { ChunkReader } from "../../../hosts/machine/net/http/chunks.ts";
import { HeadReader } from "../../../hosts/machine/net/http/head-reader.ts";
import { ERRORS, MeshError } from "../../../schema/errors.ts";
import { budgetOf } from "../../../worker/request/budgets.ts";
import type { Random } from "../../chaos/random.ts";
import { mutateBytes, spliced } from "../mutate/bytes.ts";
import { promise, type Target } from "../target.ts";

const HEADS = [
  "GET /v1/connect HTTP/1.1\r\nHost: mesh\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
  "POST /v1/messages?a=%20b HTTP/1.1\r\nHost: mesh:80\r\nContent-Length: 12\r\nContent-Type: application/json\r\n\r\n",
  "POST /v1/%64evices HTTP/1.1\r\nHost: [::1]\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n",
  "GET /v1/apps/a/../b/tags/%2e/live HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
] as const;
const CHUNKS = [
  "3\r\nabc\r\n02;a=b\r\nde\r\n0\r\nA: b\r\n\r\n",
  `a\r\n0123456789\r\nFF\r\n${"x".repeat(255)}\r\n0\r\n\r\n`,
  "1\r\na\r\n1\r\nb\r\n1\r\nc\r\n0\r\n\r\n",
] as const;
/** What is put in by a hand that knows HTTP. */
const PIECES = [
  "\r\n",
  "\n",
  "\r",
  " ",
  "\t",
  ":",
  ",",
  "0",
  "\0",
  "\x7f",
  "\xff",
  "Content-Length: 5\r\n",
  "Content-Length: 6\r\n",
  "Transfer-Encoding: chunked\r\n",
  "Host: other\r\n",
  "HTTP/1.1",
  "//",
  "/..",
  "@",
  "?",
  "#",
  "%",
  "%2f",
  "[",
  ":99999",
  "http://other/",
] as const;
const BOUND = 300;
const bytesOf = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "latin1"));

function changed(texts: readonly [string, ...string[]], random: Random): Uint8Array {
  const bytes = bytesOf(random.pick(texts));
  if (random.chance(0.4)) return mutateBytes(bytes, random, bytesOf(random.pick(texts)));
  const at = random.between(0, bytes.length);
  return spliced(bytes, at, at, bytesOf(random.pick(PIECES)));
}

/** A reading as one text, to be compared. */
function headOf(reader: HeadReader, input: Uint8Array): string | null {
  const read = reader.read(input);
  if (read === null) return null;
  if (read instanceof MeshError) {
    promise(read.code in ERRORS && read.code !== "internal", () => read.code);
    return read.code;
  }
  const { head, end } = read;
  return JSON.stringify([{ ...head, fields: [...head.fields] }, end]);
}

function heads(random: Random): boolean {
  const input = changed(HEADS as never, random);
  const whole = headOf(new HeadReader(), input);
  const parts = new HeadReader();
  let late: string | null = null;
  for (let end = 0; end < input.length && late === null; ) {
    end = Math.min(input.length, end + random.between(1, 40));
    late = headOf(parts, input.subarray(0, end));
  }
  promise(
    whole === late,
    () =>
      `${JSON.stringify(Buffer.from(input).toString("latin1"))} reads as ${whole}, in parts as ${late}`,
  );
  if (whole?.startsWith("[") !== true) return false;
  const [{ method, target }] = JSON.parse(whole);
  budgetOf(method, target);
  return true;
}

function chunks(random: Random): boolean {
  const input = changed(CHUNKS as never, random);
  const read = (steps: () => number): string => {
    const reader = new ChunkReader(BOUND);
    let rest = new Uint8Array();
    for (let at = 0; at < input.length; ) {
      const end = Math.min(input.length, at + steps());
      rest = Uint8Array.from([...rest, ...input.subarray(at, end)]);
      at = end;
      const found = reader.read(rest);
      if (found === null) return "malformed";
      if (reader.isOver) return "over";
      rest = rest.slice(found.used);
      if (found.isEnd)
        return `${Buffer.from(reader.body).toString("hex")} ${input.length - at + rest.length}`;
    }
    return "incomplete";
  };
  const [whole, parts] = [read(() => input.length), read(() => random.between(1, 30))];
  // What is malformed behind the bound, or behind a part that does not come, is not looked at.
  const isAlike = whole === parts || (whole === "malformed" && parts === "over");
  promise(
    isAlike,
    () =>
      `chunks ${JSON.stringify(Buffer.from(input).toString("latin1"))} read as ${whole}, in parts as ${parts}`,
  );
  return /^[\da-f]* \d+$/.test(whole);
}

export const http: Target = {
  name: "http",
  share: 14,
  open: () => ({ attempt: (random) => (random.chance(0.6) ? heads(random) : chunks(random)) }),
};
