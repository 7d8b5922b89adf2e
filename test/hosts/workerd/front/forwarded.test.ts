/** Whose connection it is behind a trusted proxy, in front of workerd. */
import { expect, test } from "vitest";
import { proxiesOf } from "../../../../hosts/machine/proxies.ts";
import { LIMITS } from "../../../../schema/limits.ts";
import { settled } from "../../support/served.ts";
import { serveFront } from "./support/served.ts";

const proxy = { proxies: proxiesOf(["10.0.0.0/8"]), peer: "10.0.0.1" };
const CLIENT = "198.51.100.1";

test("P8.5 behind a trusted proxy, what stays open counts for its client, and that has a share", async () => {
  const { conn, entry, admission, seen, refused } = serveFront({ proxy });
  const ask = async (accept: string): Promise<void> => {
    conn.push(
      `GET / HTTP/1.1\r\nHost: mesh\r\nAccept: ${accept}\r\nX-Forwarded-For: ${CLIENT}\r\n\r\n`,
    );
    await settled();
  };
  await ask("text/event-stream");
  expect(entry.address).toBe(CLIENT);
  await ask("*/*");
  expect(entry.address).toBe("");
  // Any other request is the proxy's, also where its client's share is used up by what is not shed.
  for (let i = 0; i < 32; i++) admission.admit(CLIENT, () => {})?.become("busy");
  await ask("*/*");
  expect(seen).toHaveLength(3);
  await ask("text/event-stream");
  expect(seen).toHaveLength(3);
  expect(conn.written).toMatch(/HTTP\/1\.1 503 /);
  expect(conn.written).toContain('"mesh_full"');
  expect(refused).toEqual(["mesh_full"]);
  // The connection stays open for the proxy's other clients.
  await ask("*/*");
  expect(seen).toHaveLength(4);
});

test("P8.13 failures behind a trusted proxy are its clients', one by one", async () => {
  const { conn, failedAuth, seen } = serveFront({ proxy, status: 401 });
  const ask = async (client: string): Promise<void> => {
    const top = "POST / HTTP/1.1\r\nHost: mesh\r\nContent-Length: 0\r\n";
    conn.push(`${top}X-Forwarded-For: ${client}\r\n\r\n`);
    await settled();
  };
  for (let i = 0; i < LIMITS.FAILED_AUTH_BURST; i++) await ask(CLIENT);
  expect(seen).toHaveLength(LIMITS.FAILED_AUTH_BURST);
  await ask("198.51.100.2");
  expect(seen).toHaveLength(LIMITS.FAILED_AUTH_BURST + 1);
  // It is refused before anything of it is read or passed on.
  await ask(CLIENT);
  expect(seen).toHaveLength(LIMITS.FAILED_AUTH_BURST + 1);
  expect(conn.written).toMatch(/HTTP\/1\.1 429 /);
  expect(conn.written).toContain('"too_many_failures"');
  expect(conn.written).toMatch(/retry-after: 1\r\n/);
  expect(
    failedAuth.refusalOf("198.51.100.2", {
      method: "POST",
      fields: new Map(),
      isUpgrade: false,
      target: "/",
    }),
  ).toBe(null);
});

test("P8.4 a connection to workerd that has ended between two requests is opened again", async () => {
  const { conn, inners, seen } = serveFront();
  const get = "GET / HTTP/1.1\r\nHost: mesh\r\n\r\n";
  conn.push(get);
  await settled();
  conn.push(get);
  await settled();
  expect(inners).toHaveLength(1);
  inners[0]?.destroy();
  await settled();
  conn.push(get);
  await settled();
  expect(inners).toHaveLength(2);
  expect(seen).toHaveLength(3);
  expect(conn.isClosed).toBe(false);
});

test("P8.4 what has more than one form reaches workerd in the plainest", async () => {
  const { conn, seen } = serveFront();
  for (const request of [
    "POST http://other/a HTTP/1.1\r\nHost: mesh\r\nTransfer-Encoding: chunked\r\n\r\n1;x=y\r\na\r\n1\r\nb\r\n0\r\nContent-Length: 9\r\nHost: evil\r\n\r\n",
    "GET /b HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    "POST /c HTTP/1.1\r\nHost: mesh\r\nContent-Length: 1\r\nExpect: 100-continue\r\nTE: trailers\r\n\r\nc",
  ]) {
    conn.push(request);
    await settled();
  }
  expect(seen).toEqual([
    { method: "POST", url: "http://other/a", body: "ab" },
    { method: "GET", url: "http://mesh/b", body: "" },
    { method: "POST", url: "http://mesh/c", body: "c" },
  ]);
});
