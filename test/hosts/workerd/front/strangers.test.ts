/** How many objects strangers may have awake on the host workerd. */
import { expect, test } from "vitest";
import { AWAKE_MS, isConnect, Strangers } from "../../../../hosts/workerd/front/strangers.ts";

const CAPACITY = 400;
const MOST = 100;
/** What one address may have of them, and what loopback may. */
const SHARE = 25;

const ACCOUNT = { method: "POST", target: "/v1/devices" };
const listen = (tag: string) => ({ method: "GET", target: `/v1/apps/a/tags/${tag}/live?after=1` });

function strangersOf(capacity = CAPACITY) {
  let now = 0;
  const strangers = new Strangers({ capacity, now: () => now });
  const pass = (ms: number) => {
    now += ms;
  };
  /** How many of so many accounts an address is let make. */
  const accounts = (count: number, address: string): number =>
    Array.from({ length: count }, () => strangers.admits(ACCOUNT, address)).filter(Boolean).length;
  return { strangers, pass, accounts };
}

const addressOf = (index: number): string => `192.0.2.${index}`;

test("P8.1 P8.5 one address has a quarter of what strangers may wake, all together no more than there is, and it comes back", () => {
  const { strangers, pass, accounts } = strangersOf();
  expect(accounts(SHARE + 1, addressOf(1))).toBe(SHARE);
  for (const index of [2, 3, 4]) expect(accounts(SHARE, addressOf(index))).toBe(SHARE);
  expect(accounts(1, addressOf(5))).toBe(0);
  expect(strangers.size).toBe(MOST);
  pass(AWAKE_MS);
  expect(strangers.size).toBe(0);
  expect(accounts(1, addressOf(5))).toBe(1);
});

test("P8.1 a host with few descriptors lets some in", () => {
  expect(strangersOf(10).accounts(100, "127.0.0.1")).toBe(7);
});

test("P8.5 what a signature or a registration vouches for is let in whoever floods", () => {
  const { strangers, accounts } = strangersOf();
  for (const index of [1, 2, 3, 4, 5]) accounts(MOST, addressOf(index));
  for (const target of ["/v1/connect", "/v1/connect?x", "/v1/messages/x", "/v1/devices/x"])
    expect(strangers.admits({ method: "GET", target }, addressOf(1))).toBe(true);
  expect(strangers.admits({ method: "POST", target: "/v1/messages" }, addressOf(1))).toBe(true);
});

test("P8.5 who listens to a tag that is awake wakes nothing; made-up tags are bounded as accounts are", () => {
  const { strangers } = strangersOf();
  for (let n = 0; n < 1_000; n++)
    expect(strangers.admits(listen("news"), addressOf(n % 250))).toBe(true);
  expect(strangers.size).toBe(1);
  const made = Array.from({ length: 200 }, (_, n) =>
    strangers.admits(listen(`t${n}`), addressOf(1)),
  );
  expect(made.filter(Boolean)).toHaveLength(SHARE);
  expect(strangers.admits(listen("news"), addressOf(1))).toBe(true);
  expect(strangers.admits(listen("t0"), addressOf(2))).toBe(true);
});

test("P8.5 the object of a link that ended unregistered counts for accounts", () => {
  const { strangers, pass, accounts } = strangersOf();
  for (let n = 0; n < 10; n++) strangers.linkEnded(addressOf(1));
  expect(accounts(SHARE, addressOf(1))).toBe(SHARE - 10);
  for (let n = 0; n < 1_000; n++) strangers.linkEnded(addressOf(2));
  expect(strangers.size).toBe(MOST);
  pass(AWAKE_MS);
  expect(strangers.size).toBe(0);
  expect(["/v1/connect", "/v1/connect?a=b", "/v1/connected", "/v1/devices"].map(isConnect)).toEqual(
    [true, true, false, false],
  );
});
