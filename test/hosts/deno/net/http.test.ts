/** Connections by HTTP/1.1 on the host of Deno. */
import { expect, test } from "vitest";
import { Pipeline } from "../../../../hosts/deno/net/pipeline.ts";
import { Unread } from "../../../../hosts/machine/net/admission/unread.ts";
import { UNSENT_BYTES } from "../../../../hosts/machine/net/http/request-loop.ts";
import { httpCases } from "../../support/http-cases.ts";
import { settled } from "../../support/served.ts";
import {
  FILE_PATH,
  FILE_SLICES,
  REFUSED_PATH,
  SLICE_BYTES,
  serveHttp,
  turn,
} from "./support/conn.ts";

httpCases(serveHttp);

const bodyOf = (answer: string): string => answer.slice(answer.indexOf("\r\n\r\n") + 4);
const GET = "GET / HTTP/1.1\r\nHost: mesh\r\n\r\n";

test("P8.3 requests that come all at once are served in turn with those of others", async () => {
  const pipeline = new Pipeline(turn);
  const [greedy, other] = [serveHttp(new Unread(), pipeline), serveHttp(new Unread(), pipeline)];
  greedy.conn.push(GET.repeat(1_000));
  other.conn.push(GET.repeat(10));
  while (other.seen.length < 10) await turn();
  expect(greedy.seen.length).toBeLessThan(20);
  while (greedy.seen.length < 1_000) await turn();
});

test("P8.3 of files that many read at once, one slice is written in a turn", async () => {
  let next: (() => void) | undefined;
  const pipeline = new Pipeline(() => new Promise((resolve) => (next = resolve)));
  const readers = Array.from({ length: 20 }, () => serveHttp(new Unread(), pipeline));
  for (const { conn } of readers) conn.push(GET.replace("/", FILE_PATH));
  const written = () => readers.reduce((sum, { conn }) => sum + bodyOf(conn.written).length, 0);
  for (let i = 0; i < 50; i++) await settled();
  for (let turns = 0; turns < readers.length * FILE_SLICES; turns++) {
    expect(written()).toBe(turns * SLICE_BYTES);
    next?.();
    for (let i = 0; i < 10; i++) await settled();
  }
  for (const { conn } of readers)
    expect(bodyOf(conn.written)).toHaveLength(FILE_SLICES * SLICE_BYTES);
});

test("P8.3 what a client sends without waiting, once it is refused, waits for the slices of such work", async () => {
  const { conn, seen, nextSlice, work } = serveHttp();
  conn.push(GET.replace("/", REFUSED_PATH).repeat(2) + GET.repeat(3));
  for (let i = 0; i < 20; i++) await settled();
  expect(seen).toHaveLength(1);
  nextSlice()?.();
  for (let i = 0; i < 20; i++) await settled();
  expect(seen).toHaveLength(2);
  nextSlice()?.();
  // Not refused any more.
  while (seen.length < 5) await turn();
  expect(nextSlice()).toBeUndefined();
  expect(work).toEqual(Array(2).fill("strangers 192.0.2.1"));
});

test("P8.1 of answers that are not read no more than the limit is kept", async () => {
  const { conn, transport, seen } = serveHttp();
  conn.stopReading();
  conn.push(GET.repeat(5_000));
  while (transport.unsentBytes <= UNSENT_BYTES) await turn();
  for (let i = 0; i < 50; i++) await settled();
  expect(transport.unsentBytes).toBeLessThan(UNSENT_BYTES + 1_000);
  const served = seen.length;
  // Further requests wait with the client.
  conn.push(GET.repeat(5_000));
  for (let i = 0; i < 50; i++) await settled();
  expect(seen).toHaveLength(served);
});
