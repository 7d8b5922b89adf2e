/** Connections to the front of workerd whose requests wait for a turn. */
import { expect, test } from "vitest";
import { ClientTurns } from "../../../../hosts/workerd/front/client-turns.ts";
import { LIMITS } from "../../../../schema/limits.ts";
import { settled } from "../../support/served.ts";
import { serveFront } from "./support/served.ts";

const GET = "GET / HTTP/1.1\r\nHost: mesh\r\n\r\n";
const ACCOUNT = "POST /v1/devices HTTP/1.1\r\nHost: mesh\r\nContent-Length: 2\r\n\r\n{}";
/** The key of a request to a path, by which anyone may claim to be an app server. */
const signedGet = (path: string) =>
  `GET ${path} HTTP/1.1\r\nHost: mesh\r\nSignature-Input: sig1=();keyid="app.key"\r\n\r\n`;
const AT_A_TIME = 8;
/** More than the client's end takes before it reads. */
const LARGE = "x".repeat(100_000);

/** Turns that others have taken, until `free` or until the wait for one is over. */
function takenTurns() {
  const waits: (() => void)[] = [];
  const turns = new ClientTurns({
    now: () => 0,
    after(ms, task) {
      if (ms === 0) setImmediate(task);
      else if (ms === LIMITS.WAKE_WAIT_MS) waits.push(task);
      return () => {
        if (waits.includes(task)) waits.splice(waits.indexOf(task), 1);
      };
    },
  });
  const none = { begin() {}, refuse() {} };
  const ends = Array.from({ length: AT_A_TIME }, () => turns.take("another", none));
  const free = () => {
    for (const end of ends) end();
  };
  return { turns, waits, free };
}

const answersIn = (written: string): number => written.split("HTTP/1.1 ").length - 1;

test("P8.3 a request that waits for its turn is answered, although workerd closes the kept connection meanwhile", async () => {
  const { turns, free } = takenTurns();
  const { conn, seen, inners } = serveFront({ turns });
  conn.push(GET);
  await settled();
  conn.push(ACCOUNT);
  await settled();
  expect(seen).toHaveLength(1);
  inners[0]?.destroy();
  await settled();
  expect(answersIn(conn.written)).toBe(1);
  free();
  await settled();
  expect(seen).toHaveLength(2);
  expect(answersIn(conn.written)).toBe(2);
  expect(conn.written.endsWith("2")).toBe(true);
});

test("P8.3 a pipelined request that waits for its turn is answered, although workerd closes the kept connection meanwhile", async () => {
  const { turns: pipelined, free } = takenTurns();
  const { conn, seen, inners } = serveFront({ pipelined });
  conn.push(GET + GET);
  await settled();
  expect(seen).toHaveLength(1);
  inners[0]?.destroy();
  await settled();
  free();
  await settled();
  expect(seen).toHaveLength(2);
  expect(answersIn(conn.written)).toBe(2);
});

test("P8.3 a client that reads a long answer slowly is told nothing that it has not asked", async () => {
  const { turns: pipelined, waits } = takenTurns();
  const { conn, reads } = serveFront({ pipelined, padding: LARGE });
  reads(false);
  conn.push(GET);
  await settled();
  reads(true);
  await settled();
  for (const wait of waits.splice(0)) wait();
  await settled();
  expect(answersIn(conn.written)).toBe(1);
  conn.push(GET);
  await settled();
  expect(answersIn(conn.written)).toBe(2);
});

test("P8.3 P8.5 who is refused a turn, or gives up, has woken nothing", async () => {
  const { turns, waits } = takenTurns();
  const refused = serveFront({ turns });
  refused.conn.push(ACCOUNT);
  await settled();
  expect(refused.strangers.size).toBe(1);
  for (const wait of waits.splice(0)) wait();
  await settled();
  expect(refused.conn.written).toContain("503");
  expect(refused.strangers.size).toBe(0);

  const gone = serveFront({ turns });
  gone.conn.push(ACCOUNT);
  await settled();
  expect(gone.strangers.size).toBe(1);
  gone.entry.onShed();
  await settled();
  expect(gone.strangers.size).toBe(0);
  expect([...refused.seen, ...gone.seen]).toEqual([]);
});

test("P8.1 P8.3 a request with more than a stranger may send is not kept until its turn", async () => {
  const { turns } = takenTurns();
  const { conn, strangers } = serveFront({ turns });
  const length = LIMITS.BODY_BYTES + 1;
  conn.push(`POST /v1/devices HTTP/1.1\r\nHost: mesh\r\nContent-Length: ${length}\r\n\r\n`);
  conn.push("x".repeat(length));
  await settled();
  expect(conn.written).toContain("413");
  expect(strangers.size).toBe(0);
});

test("P8.3 a request that only names an app server's key slows down nobody, and one that has succeeded does", async () => {
  const turns = new ClientTurns({ now: () => 0 });
  const { conn, failedAuth } = serveFront({ turns });
  const begun: number[] = [];
  const take = (n: number) => turns.take("a", { begin: () => void begun.push(n), refuse() {} });
  const head = { method: "GET", target: "/v1/messages/1", isUpgrade: false };
  const fields = new Map([["signature-input", 'sig1=();keyid="app.key"']]);
  failedAuth.answered("192.0.2.9", { ...head, fields }, 200);
  conn.push(signedGet("/healthz"));
  await settled();
  const ends = [take(1), take(2)];
  expect(begun).toEqual([1, 2]);
  for (const end of ends) end();
  await settled();
  conn.push(signedGet("/v1/messages/1"));
  await settled();
  for (const end of [take(3), take(4)]) end();
  expect(begun).toEqual([1, 2, 3]);
});
