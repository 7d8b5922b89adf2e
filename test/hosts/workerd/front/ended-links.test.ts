/** How many objects of registered devices may be awake on the host workerd behind links that have ended. */
import { expect, test } from "vitest";
import { EndedLinks } from "../../../../hosts/workerd/front/ended-links.ts";
import { AWAKE_MS } from "../../../../objects/capacity/awake.ts";

const CAPACITY = 100;
const OFFICE = "192.0.2.1";
const noOther = () => false;

function endedLinksOf() {
  let now = 0;
  let connections = 0;
  const links = new EndedLinks({
    capacity: CAPACITY,
    connections: () => connections,
    firm: () => connections,
    now: () => now,
  });
  /** How many of so many devices are let open a link, which ends. */
  const churn = (count: number, address: string): number => {
    let admitted = 0;
    for (let n = 0; n < count; n++) {
      const device = `${address} ${n}`;
      if (!links.admits(device, address, noOther)) continue;
      links.began(device);
      links.ended(device, address);
      admitted++;
    }
    return admitted;
  };
  return {
    links,
    churn,
    pass: (ms: number) => (now += ms),
    connect: (count: number) => (connections += count),
  };
}

test("P8.5 a network leaves no more than a part of what is free, others go on, and it comes back", () => {
  const { links, churn, pass } = endedLinksOf();
  expect(churn(200, OFFICE)).toBe(25);
  expect(churn(1, "192.0.2.2")).toBe(1);
  for (let n = 3; n < 100; n++) churn(100, `192.0.2.${n}`);
  expect(links.size).toBe(CAPACITY);
  expect(churn(1, "192.0.2.250")).toBe(0);
  pass(AWAKE_MS);
  expect(links.size).toBe(0);
  expect(churn(200, OFFICE)).toBe(25);
});

test("P8.5 connections that stand leave less", () => {
  const { churn, connect } = endedLinksOf();
  connect(80);
  expect(churn(100, OFFICE)).toBe(5);
  expect(churn(100, "127.0.0.1")).toBe(14);
});

test("P8.5 all devices of a network may go, and all of them may come back at once", () => {
  const { links } = endedLinksOf();
  const devices = Array.from({ length: 80 }, (_, n) => `${n}`);
  for (const device of devices) links.ended(device, OFFICE);
  expect(links.admits("other", OFFICE, noOther)).toBe(false);
  expect(links.admits("other", "192.0.2.2", noOther)).toBe(true);
  for (const device of devices) {
    expect(links.admits(device, OFFICE, noOther)).toBe(true);
    links.began(device);
  }
  expect(links.size).toBe(0);
});

test("P8.1 of links that end at once, no more are remembered than there are connections", () => {
  const { links } = endedLinksOf();
  for (let n = 0; n < 3 * CAPACITY; n++) links.ended(`${n}`, OFFICE);
  expect(links.size).toBe(CAPACITY);
});

test("P8.5 what others hold that gives way is free for a device, which takes the place of one of them", () => {
  let displaced = 0;
  const links = new EndedLinks({
    capacity: CAPACITY,
    connections: () => CAPACITY,
    firm: () => 20,
    now: () => 0,
  });
  const admits = (n: number, hasOther: boolean) => {
    const displace = () => {
      displaced++;
      return hasOther;
    };
    return links.admits(`${n}`, `192.0.2.${n}`, displace);
  };
  // Its own connection has its place.
  expect(admits(0, false)).toBe(true);
  expect(displaced).toBe(0);
  links.ended("gone", OFFICE);
  expect(admits(1, true)).toBe(true);
  expect(admits(2, false)).toBe(false);
  expect(displaced).toBe(2);
});
