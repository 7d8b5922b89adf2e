/** Whose connections count together. */
import { expect, test } from "vitest";
import { Admission } from "../../../../hosts/machine/net/admission/admission.ts";
import { isLoopback, networkOf } from "../../../../worker/request/network.ts";

test.each([
  ["192.0.2.7", "192.0.2.7"],
  ["::ffff:192.0.2.7", "192.0.2.7"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
  ["2001:0DB8:1:2::", "2001:db8:1:2::/64"],
  ["2001:db8::1", "2001:db8:0:0::/64"],
  ["2001:db8:1:2::192.0.2.7", "2001:db8:1:2::/64"],
  ["fe80::1%eth0", "fe80:0:0:0::/64"],
  ["::1", "::1"],
  ["", ""],
])("P8.5 %j counts for %j", (address, network) => {
  expect(networkOf(address)).toBe(network);
  expect(networkOf(network)).toBe(network);
});

test("P8.5 loopback is known in every form", () => {
  for (const address of ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"]) {
    expect([address, isLoopback(networkOf(address))]).toEqual([address, true]);
  }
  expect(isLoopback(networkOf("1::1"))).toBe(false);
});

test("P8.5 all addresses of one IPv6 network have one share", () => {
  const admission = new Admission({ capacity: 100, now: () => 0 });
  const admitted = Array.from({ length: 40 }, (_, i) => {
    const entry = admission.admit(`2001:db8::${i.toString(16)}`, () => {});
    entry?.become("busy");
    return entry !== null;
  });
  expect(admitted.filter((each) => each)).toHaveLength(32);
  expect(admission.admit("2001:db8:0:1::1", () => {})).not.toBe(null);
});
