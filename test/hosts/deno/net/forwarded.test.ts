/** Whose connection it is behind a trusted proxy. */
import { expect, test } from "vitest";
import { Pipeline } from "../../../../hosts/deno/net/pipeline.ts";
import type { NamedClient } from "../../../../hosts/machine/net/admission/client.ts";
import { clientOf, isTrusted } from "../../../../hosts/machine/net/admission/forwarded.ts";
import { Unread } from "../../../../hosts/machine/net/admission/unread.ts";
import { proxiesOf } from "../../../../hosts/machine/proxies.ts";
import { settled } from "../../support/served.ts";
import { serveHttp, turn } from "./support/conn.ts";

const proxies = proxiesOf(["10.0.0.0/8", "fd00::/8", "192.0.2.7"]);
const PEER = "10.0.0.1";
const client = (fields: Readonly<Record<string, string>>): string =>
  clientOf(PEER, new Map(Object.entries(fields)), proxies);

test.each([
  ["10.255.0.1", true],
  ["::ffff:10.1.2.3", true],
  ["fd12::1", true],
  ["192.0.2.7", true],
  ["192.0.2.8", false],
  ["11.0.0.1", false],
  ["fe80::1", false],
  ["", false],
])("P8.5 of the addresses, %s is a trusted proxy: %s", (address, isProxy) => {
  expect(isTrusted(proxies, address)).toBe(isProxy);
});

test("P8.5 the client is the last address that a trusted proxy has written and that is none of theirs", () => {
  expect(client({ "x-forwarded-for": "198.51.100.1" })).toBe("198.51.100.1");
  expect(client({ "x-forwarded-for": "203.0.113.9, 198.51.100.1" })).toBe("198.51.100.1");
  expect(client({ "x-forwarded-for": "198.51.100.1, 10.0.0.2,192.0.2.7" })).toBe("198.51.100.1");
  expect(client({ "x-forwarded-for": "198.51.100.1:1234" })).toBe("198.51.100.1");
  expect(client({ "x-forwarded-for": "[2001:DB8::1]:443" })).toBe("2001:db8::1");
  expect(client({ forwarded: "for=198.51.100.1;proto=https" })).toBe("198.51.100.1");
  expect(client({ forwarded: 'proto=https;For="[2001:db8::1]:4711"' })).toBe("2001:db8::1");
  expect(client({ forwarded: "for=203.0.113.9, for=198.51.100.1, for=10.0.0.2" })).toBe(
    "198.51.100.1",
  );
});

test("P8.5 a client cannot choose its address by what it writes itself", () => {
  // The proxy has added the last one.
  expect(client({ "x-forwarded-for": "10.0.0.2, 127.0.0.1, 198.51.100.1" })).toBe("198.51.100.1");
  // The proxy wrote X-Forwarded-For, and passed on what the client had sent.
  expect(client({ forwarded: "for=127.0.0.1", "x-forwarded-for": "198.51.100.1" })).toBe(
    "198.51.100.1",
  );
});

test.each([
  [{}],
  [{ "x-forwarded-for": "" }],
  [{ "x-forwarded-for": "unknown" }],
  [{ "x-forwarded-for": "198.51.100.1, x" }],
  [{ forwarded: "for=_hidden" }],
  [{ forwarded: "by=198.51.100.1" }],
] as Record<string, string>[][])(
  "P8.5 where the proxy names nobody, it is its own: %j",
  (fields) => {
    expect(client(fields ?? {})).toBe(PEER);
  },
);

test("P8.5 behind a trusted proxy, what stays open counts for its client, and that has a share", async () => {
  const named: NamedClient = (fields) => clientOf(PEER, fields, proxies);
  const { conn, entry, admission, seen } = serveHttp(new Unread(), new Pipeline(turn), named);
  const ask = async (accept: string): Promise<void> => {
    conn.push(
      `GET / HTTP/1.1\r\nHost: mesh\r\nAccept: ${accept}\r\nX-Forwarded-For: 198.51.100.1\r\n\r\n`,
    );
    await settled();
  };
  await ask("text/event-stream");
  expect(entry.address).toBe("198.51.100.1");
  await ask("*/*");
  expect(entry.address).toBe("");
  // Its client's share is used up, by what is not shed.
  for (let i = 0; i < 32; i++) admission.admit("198.51.100.1", () => {})?.become("busy");
  await ask("text/event-stream");
  expect(seen).toHaveLength(2);
  expect(conn.written).toMatch(/HTTP\/1\.1 503 /);
  expect(conn.written).toContain('"mesh_full"');
  expect(conn.written).toMatch(/retry-after: 1\r\n/);
  expect(entry.address).toBe("");
  // Any other request is the proxy's.
  await ask("*/*");
  expect(seen).toHaveLength(3);
});
