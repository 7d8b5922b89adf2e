/** How many objects strangers may have awake on the host workerd. */
import { expect, test } from "vitest";
import { isConnect, Strangers } from "../../../../hosts/workerd/front/strangers.ts";
import { AWAKE_MS } from "../../../../objects/capacity/awake.ts";

const CAPACITY = 400;
const MOST = 100;
/** What one address may have of them, and what loopback may. */
const SHARE = 25;

type Asked = Parameters<Strangers["admit"]>[0];

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
    Array.from({ length: count }, () => admits(strangers, ACCOUNT, address)).filter(Boolean).length;
  return { strangers, pass, accounts };
}

/** Whether a request is let in that wakes what it asks for. */
const admits = (strangers: Strangers, asked: Asked, address: string): boolean =>
  strangers.admit(asked, address) !== null;

const none = () => {};
const addressOf = (index: number): string => `192.0.2.${index}`;

test("P8.1 P8.5 one address has a quarter of what strangers may wake, the next of what is left, and it comes back", () => {
  const { strangers, pass, accounts } = strangersOf();
  expect(accounts(SHARE + 1, addressOf(1))).toBe(SHARE);
  const taken = [2, 3, 4].map((index) => accounts(MOST, addressOf(index)));
  expect(taken).toEqual([19, 14, 10]);
  pass(AWAKE_MS);
  expect(strangers.size).toBe(0);
  expect(accounts(MOST, addressOf(1))).toBe(SHARE);
});

test("P8.5 a few networks that take all they can get leave room for others, and all together take no more than there is", () => {
  const { strangers, accounts } = strangersOf();
  for (let round = 0; round < 10; round++)
    for (const index of [1, 2, 3, 4]) accounts(MOST, addressOf(index));
  for (let index = 5; index < 10; index++) expect(accounts(1, addressOf(index))).toBe(1);
  for (let index = 10; index < 250; index++) accounts(MOST, addressOf(index));
  expect(strangers.size).toBe(MOST);
});

test("P8.5 links of strangers count for as long as they stand, and then as objects that are awake", () => {
  const { strangers, pass, accounts } = strangersOf();
  const places = Array.from({ length: SHARE + 5 }, () => strangers.admitLink(addressOf(1), none));
  expect(places.map((place) => place !== null)).toEqual([
    ...Array.from({ length: SHARE }, () => true),
    ...Array.from({ length: 5 }, () => false),
  ]);
  expect(accounts(1, addressOf(1))).toBe(0);
  pass(10 * AWAKE_MS);
  expect(strangers.size).toBe(SHARE);
  const [first, second, ...rest] = places;
  // It has registered.
  first?.free();
  expect(strangers.size).toBe(SHARE - 1);
  for (const place of [first, second, second, ...rest]) place?.end();
  expect(strangers.size).toBe(SHARE - 1);
  expect(strangers.admitLink(addressOf(1), none)).not.toBe(null);
  expect(strangers.admitLink(addressOf(1), none)).toBe(null);
  pass(AWAKE_MS);
  expect(strangers.size).toBe(1);
});

test("P8.5 where links of strangers have taken all, whoever holds most gives way to a network that has nothing", () => {
  const { strangers, pass } = strangersOf();
  const shed: string[] = [];
  const open = (index: number) =>
    strangers.admitLink(addressOf(index), () => void shed.push(addressOf(index)));
  for (let index = 1; strangers.size < MOST; index++) while (open(index) !== null);
  expect(shed).toEqual([]);
  expect(open(250)).toBe(null);
  expect(open(250)).toBe(null);
  expect(shed).toEqual([addressOf(1)]);
  // Its object is awake for a while.
  pass(AWAKE_MS - 1);
  expect(open(250)).toBe(null);
  pass(1);
  expect(open(250)).not.toBe(null);
  expect(strangers.size).toBe(MOST);
});

test("P8.1 a host with few descriptors lets some in", () => {
  expect(strangersOf(10).accounts(100, "127.0.0.1")).toBe(7);
});

test("P8.5 what a signature or a registration vouches for is let in whoever floods", () => {
  const { strangers, accounts } = strangersOf();
  for (const index of [1, 2, 3, 4, 5]) accounts(MOST, addressOf(index));
  for (const target of ["/v1/connect", "/v1/connect?x", "/v1/messages/x", "/v1/devices/x"])
    expect(admits(strangers, { method: "GET", target }, addressOf(1))).toBe(true);
  expect(admits(strangers, { method: "POST", target: "/v1/messages" }, addressOf(1))).toBe(true);
});

test("P8.5 who listens to a tag that is awake wakes nothing; made-up tags are bounded as accounts are", () => {
  const { strangers } = strangersOf();
  for (let n = 0; n < 1_000; n++)
    expect(admits(strangers, listen("news"), addressOf(n % 250))).toBe(true);
  expect(strangers.size).toBe(1);
  const made = Array.from({ length: 200 }, (_, n) =>
    admits(strangers, listen(`t${n}`), addressOf(1)),
  );
  expect(made.filter(Boolean)).toHaveLength(SHARE);
  expect(admits(strangers, listen("news"), addressOf(1))).toBe(true);
  expect(admits(strangers, listen("t0"), addressOf(2))).toBe(true);
});

test("P8.5 a link that was let in whatever there was is counted, and its object where there is room to remember it", () => {
  const { strangers, accounts } = strangersOf();
  const places = Array.from({ length: 2 * MOST }, () => strangers.countLink(addressOf(1), none));
  expect(accounts(1, addressOf(2))).toBe(0);
  for (const place of places) place.end();
  expect(strangers.size).toBe(MOST);
});

test("P8.5 a target counts as the worker's router reads it", () => {
  const { strangers } = strangersOf();
  for (let n = 0; n < SHARE; n++) {
    const target = ["/v1/%64evices", "/v1/devices?%", "/%76%31/devices"][n % 3] as string;
    expect(admits(strangers, { method: "POST", target }, addressOf(1))).toBe(true);
  }
  expect(strangers.size).toBe(SHARE);
  expect(admits(strangers, ACCOUNT, addressOf(1))).toBe(false);
  // The target, and whether it is for a link.
  for (const [target, is] of [
    ["/v1/connect", true],
    ["/v1/connect?a=b", true],
    ["/v1/connect/", false],
    ["/v1/%63onnect", true],
    ["/v1/connected", false],
    ["/v1/connect%2f", false],
    ["/v1/%ffconnect", false],
    ["/v1/devices", false],
  ] as const)
    expect([target, isConnect({ method: "GET", target })]).toEqual([target, is]);
});

test("P8.5 tags whose names read alike once decoded count each", () => {
  const { strangers } = strangersOf();
  for (const tag of ["%2f", "%252f", "%25252f", "a%5cb", "a\\b"])
    admits(strangers, listen(tag), addressOf(1));
  expect(strangers.size).toBe(5);
  for (const method of ["GET", "HEAD", "PUT"])
    admits(strangers, { ...listen("new"), method }, addressOf(1));
  expect(strangers.size).toBe(6);
});

test("P8.5 a request that wakes nothing takes nothing, and one of which that is not sure does", () => {
  const { strangers } = strangersOf();
  const answered = (asked: Asked, status: number) =>
    strangers.admit(asked, addressOf(1))?.answered(status);
  for (let n = 0; n < 2 * MOST; n++) {
    answered(ACCOUNT, 401);
    answered(listen(`t${n}`), n % 2 === 0 ? 404 : 400);
  }
  expect(strangers.size).toBe(0);
  // The account of another key, and a tag that was asked who may listen.
  answered(ACCOUNT, 409);
  answered(listen("t"), 401);
  expect(strangers.size).toBe(2);
  // Somebody else has it awake.
  answered(listen("t"), 404);
  expect(strangers.size).toBe(2);
});

test("P8.5 whoever makes up tags shuts out nobody who listens to one that had listeners", () => {
  const { strangers, pass, accounts } = strangersOf();
  const tags = Array.from({ length: MOST }, (_, n) => listen(`real${n}`));
  for (const [n, tag] of tags.entries())
    strangers.admit(tag, addressOf(n))?.answered(n < MOST / 2 ? 200 : 401);
  pass(AWAKE_MS);
  for (let index = 1; strangers.size < MOST; index++) accounts(MOST, addressOf(index));
  const taken = tags.filter((tag) => admits(strangers, tag, addressOf(250)));
  expect(taken).toEqual(tags.slice(0, Math.ceil(MOST / 8)));
  // They are awake.
  for (const tag of taken) expect(admits(strangers, tag, addressOf(251))).toBe(true);
});
