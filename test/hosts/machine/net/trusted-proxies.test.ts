/** Whose address counts behind proxies. */
import { expect, test } from "vitest";
import { FrontGuard } from "../../../../hosts/machine/net/front-guard.ts";
import { proxiesOf } from "../../../../hosts/machine/proxies.ts";
import { KEYRING } from "../../support/keyring.ts";

const guardOf = (trusted: readonly string[]) =>
  new FrontGuard({
    ...{ capacity: 100, keyring: KEYRING, isRegistered: () => false },
    ...{ proxies: proxiesOf(trusted), log: () => {}, now: () => 0 },
  });

/** The address that a request counts for. */
function clientOf(trusted: readonly string[], peer: string, fields: Record<string, string>) {
  const admitted = guardOf(trusted).admit(peer, () => {});
  if (admitted === null) throw new Error("no room");
  const { entry, clientOf: named } = admitted;
  return named === null ? entry.address : named(new Map(Object.entries(fields)));
}

const TRUSTED = ["10.0.0.0/8", "2001:db8:ffff::/48"];

test("S51 without a trusted proxy no header counts", () => {
  const fields = { "x-forwarded-for": "192.0.2.9", forwarded: "for=192.0.2.9" };
  expect(clientOf([], "198.51.100.7", fields)).toBe("198.51.100.7");
  // Nor from a peer that is none.
  expect(clientOf(TRUSTED, "198.51.100.7", fields)).toBe("198.51.100.7");
});

test.each([
  ["x-forwarded-for", "192.0.2.1", "192.0.2.1"],
  // Right to left: whoever stands before the first that is not trusted may be made up.
  ["x-forwarded-for", "203.0.113.5, 192.0.2.1, 10.9.9.9", "192.0.2.1"],
  ["x-forwarded-for", "10.1.1.1, 10.2.2.2", "10.1.1.1"],
  ["x-forwarded-for", "192.0.2.1, junk", "10.0.0.1"],
  ["forwarded", 'for=203.0.113.5, for="[2001:db8:1:2::3]:4711";proto=https', "2001:db8:1:2::3"],
  ["forwarded", "for=192.0.2.1, for=unknown", "10.0.0.1"],
])("S51 a trusted proxy's %s %j is read from the right", (name, value, client) => {
  expect(clientOf(TRUSTED, "10.0.0.1", { [name]: value })).toBe(client);
});

test("S51 an entry that is neither an address nor a block is refused at the start", () => {
  for (const entry of ["10.0.0.0/33", "10.0.0", "proxy.example", "::/129"])
    expect(() => proxiesOf([entry])).toThrow(`--trust-proxy ${entry}`);
});
