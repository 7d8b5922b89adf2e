/** Where webhooks may go. */
import { BlockList, isIP } from "node:net";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isPrivateAddress, PRIVATE_RANGES } from "../../../core/webhook/addresses.ts";
import { targetFault } from "../../../core/webhook/target.ts";

describe("a public target", () => {
  test.each([
    "https://example.com/hook",
    "https://example.com:8443/hook?a=b",
    "https://example.com:443/",
    "https://example.com./hook",
    "https://example.com:/hook",
    "https://a_b.example.com/",
    "https://localhost.example.com/",
    "https://internal.example.com/",
    "https://8.8.8.8/",
    "https://0x08080808/",
    "https://[2606:4700::1111]/",
    "https://xn--bcher-kva.example.org/",
  ])("Q7 %s may be called", (url) => expect(targetFault(url, "public")).toBeNull());

  test.each([
    ["http://example.com/", "is not https"],
    ["ftp://example.com/", "is not https"],
    ["file:///etc/passwd", "is not https"],
    ["javascript:alert(1)", "is not https"],
    ["example.com/hook", "is no URL"],
    ["", "is no URL"],
    ["https://user:word@example.com/", "user name"],
    ["https://user@example.com/", "user name"],
    ["https://example.com/#here", "fragment"],
    ["https://exa mple.com/", "space"],
    ["https://example.com/\n", "control character"],
    ["https://example.com\\@127.0.0.1/", "backslash"],
    ["https://@example.com:444/", "port 444"],
    ["https://example.com:0/", "port 0"],
    ["https://8.8.8.8:80/", "port 80"],
    ["https://%75ser@example.com/", "user name"],
    ["https://:word@example.com/", "user name"],
    ["https://foo.127.0.0.1/", "is no URL"],
    ["https://1.2.3.4.5/", "is no URL"],
    ["https://08.8.8.8/", "is no URL"],
    ["https://example.com:65536/", "is no URL"],
    ["https://[::ffff:127.0.0.1%25eth0]/", "is no URL"],
    ["https://example.com:22/", "port 22"],
    ["https://example.com:6379/", "port 6379"],
    ["https://localhost/", "no name of the public internet"],
    ["https://localhost./", "no name of the public internet"],
    ["https://a.localhost/", "no name of the public internet"],
    ["https://localhost../", "no name of the public internet"],
    ["https://localhost.../", "no name of the public internet"],
    ["https://a.localhost../", "no name of the public internet"],
    ["https://metadata.google.internal../", "no name of the public internet"],
    ["https://127.0.0.1../", "no name of the public internet"],
    ["https://8.8.8.8../", "no name of the public internet"],
    ["https://.example.com/", "no name of the public internet"],
    ["https://a..example.com/", "no name of the public internet"],
    ["https://example.com../", "no name of the public internet"],
    ["https://localhost。。/", "no name of the public internet"],
    ["https://%6cocalhost/", "no name of the public internet"],
    ["https://localhost%2e/", "no name of the public internet"],
    ["https://ⓛocalhost/", "no name of the public internet"],
    ["https://xn--localhost-/", "no name of the public internet"],
    ["https://LOCALHOST/", "no name of the public internet"],
    ["https://a.INTERNAL./", "no name of the public internet"],
    ["https://*.example.com/", "no name of the public internet"],
    [`https://${"a".repeat(64)}.example.com/`, "no name of the public internet"],
    [`https://${"a.".repeat(126)}example.com/`, "no name of the public internet"],
    ["https://intranet/", "no name of the public internet"],
    ["https://db.internal/", "no name of the public internet"],
    ["https://metadata.google.internal/", "no name of the public internet"],
    ["https://printer.local/", "no name of the public internet"],
    ["https://router.home.arpa/", "no name of the public internet"],
    ["https://127.0.0.1/", "private"],
    ["https://127.1/", "private"],
    ["https://2130706433/", "private"],
    ["https://0x7f.1/", "private"],
    ["https://0177.0.0.1/", "private"],
    ["https://127.0.0.1./", "private"],
    ["https://10.0.0.1/", "private"],
    ["https://100.64.0.1/", "private"],
    ["https://169.254.169.254/latest/meta-data/", "private"],
    ["https://172.31.255.255/", "private"],
    ["https://192.168.1.1/", "private"],
    ["https://0.0.0.0/", "private"],
    ["https://255.255.255.255/", "private"],
    ["https://017700000001/", "private"],
    ["https://0x7f000001/", "private"],
    ["https://%31%32%37.0.0.1/", "private"],
    ["https://127.0.0.1%2e/", "private"],
    ["https://192.0.0.8/", "private"],
    ["https://198.18.0.1/", "private"],
    ["https://198.19.255.255/", "private"],
    ["https://224.0.0.1/", "private"],
    ["https://239.255.255.255/", "private"],
    ["https://[64:ff9b:1::7f00:1]/", "private"],
    ["https://[::ffff:7f00:1]/", "private"],
    ["https://[0:0:0:0:0:ffff:a9fe:a9fe]/", "private"],
    ["https://[2001:0:7f00:1::]/", "private"],
    ["https://[::]/", "private"],
    ["https://[::1]/", "private"],
    ["https://[::ffff:127.0.0.1]/", "private"],
    ["https://[::ffff:8.8.8.8]/", "private"],
    ["https://[::127.0.0.1]/", "private"],
    ["https://[64:ff9b::7f00:1]/", "private"],
    ["https://[2002:7f00:1::]/", "private"],
    ["https://[fc00::1]/", "private"],
    ["https://[fd12:3456::1]/", "private"],
    ["https://[fe80::1]/", "private"],
    ["https://[ff02::1]/", "private"],
    ["https://１２７.0.0.1/", "private"],
    ["https://①②⑦.0.0.1/", "private"],
  ])("Q7 %s may not: it %s", (url, why) => expect(targetFault(url, "public")).toContain(why));
});

test("Q7 an operator opens the network for development, or closes all", () => {
  for (const url of ["http://127.0.0.1:3000/", "https://localhost/", "http://[::1]:22/"])
    expect(targetFault(url, "private")).toBeNull();
  expect(targetFault("ftp://localhost/", "private")).toContain("neither https nor http");
  expect(targetFault("http://a:b@localhost/", "private")).toContain("user name");
  expect(targetFault("https://example.com/", "off")).toContain("switched webhooks off");
});

/** Node's own, with a list for each family: it takes IPv4 for mapped IPv6. */
function nodeSays(address: string): boolean {
  const family = isIP(address) === 6 ? "ipv6" : "ipv4";
  const list = new BlockList();
  for (const range of PRIVATE_RANGES) {
    const [first = "", prefix] = range.split("/");
    if (first.includes(":") === (family === "ipv6")) list.addSubnet(first, Number(prefix), family);
  }
  return list.check(address, family);
}

test("Q7 addresses are private as Node's own list of the same ranges says", () => {
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (address) => {
      // fast-check also writes `::` for one group, which Node reads like this.
      fc.pre(isIP(address) !== 0 && !/^(::ffff:|0*:0*:0*:0*:0*:ffff:)/i.test(address));
      expect([address, isPrivateAddress(address)]).toEqual([address, nodeSays(address)]);
    }),
    { numRuns: 2_000 },
  );
});

test("Q7 both ends of each range are private, and what is beside most of them is not", () => {
  const beside = ["9.255.255.255", "11.0.0.0", "172.15.255.255", "172.32.0.0", "192.167.255.255"];
  for (const address of [
    ...beside,
    "100.63.255.255",
    "100.128.0.0",
    "fbff::",
    "fec0::".replace("fec0", "fe7f"),
  ])
    expect([address, isPrivateAddress(address)]).toEqual([address, false]);
  for (const range of PRIVATE_RANGES)
    expect(isPrivateAddress(range.split("/")[0] ?? "")).toBe(true);
  for (const text of [
    "",
    "example.com",
    "1.2.3",
    "1.2.3.4.5",
    "256.1.1.1",
    "01.2.3.4",
    ":::",
    "1::2::3",
  ])
    expect([text, isPrivateAddress(text)]).toEqual([text, null]);
});
