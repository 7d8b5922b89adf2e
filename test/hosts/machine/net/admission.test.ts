/** Who keeps a connection on the host of Deno where there are not enough for all. */
import { expect, test } from "vitest";
import { Admission, type Entry } from "../../../../hosts/machine/net/admission/admission.ts";
import type { ConnectionStanding } from "../../../../hosts/machine/net/admission/networks.ts";

interface Held {
  readonly name: string;
  readonly entry: Entry;
}

function admissionOf(capacity: number) {
  let now = 0;
  const refused: string[] = [];
  const closed: string[] = [];
  const admission = new Admission({
    capacity,
    now: () => now,
    onRefuse: (kind) => refused.push(kind),
  });
  /** @returns null where it was refused */
  const open = (
    name: string,
    address: string,
    standing: ConnectionStanding = "silent",
  ): Held | null => {
    let entry: Entry | null = null;
    const destroy = () => {
      closed.push(name);
      if (entry !== null) admission.remove(entry);
    };
    entry = admission.admit(address, destroy);
    if (entry === null) return null;
    if (standing !== "silent") entry.become(standing);
    return { name, entry };
  };
  const wait = (ms: number) => {
    now += ms;
    admission.sweep();
  };
  return { admission, refused, closed, open, wait };
}

/** An address of its own for each. */
const addressOf = (index: number): string => `192.0.2.${index}`;

test("P8.5 connections are shed by standing, and of one standing the oldest", () => {
  const { open, closed } = admissionOf(6);
  const standings: readonly ConnectionStanding[] = [
    "device",
    "busy",
    "guest",
    "idle",
    "silent",
    "closing",
  ];
  for (const [index, standing] of standings.entries()) open(standing, addressOf(index), standing);
  // Each newcomer is at once no one to be shed, so that the next standing's turn comes.
  for (let i = 0; i < 4; i++) expect(open(`new ${i}`, addressOf(10 + i), "busy")).not.toBe(null);
  expect(closed).toEqual(["closing", "silent", "idle", "guest"]);
  // Nobody is left who would be shed.
  expect(open("late", addressOf(20))).toBe(null);
  expect(closed).toHaveLength(4);
});

test("P8.5 where there is no room, the address that holds most gives way, and its oldest first", () => {
  const { open, closed } = admissionOf(5);
  open("a", addressOf(1));
  open("b", addressOf(2));
  open("c", addressOf(2));
  open("d", addressOf(3));
  open("e", addressOf(2));
  open("f", addressOf(4));
  expect(closed).toEqual(["b"]);
});

test.each([
  ["any address", "192.0.2.1", 1_000, 250],
  ["any address of a small mesh", "192.0.2.1", 40, 32],
  ["loopback", "127.0.0.1", 1_000, 900],
  ["loopback in IPv6", "::1", 1_000, 900],
  ["loopback in either", "::ffff:127.0.0.1", 1_000, 900],
])("P8.1 P8.5 %s holds its share, and one more is refused", (_, address, capacity, share) => {
  const { admission, open, refused } = admissionOf(capacity);
  for (let i = 0; i < share; i++) expect(open(`${i}`, address, "busy")).not.toBe(null);
  expect(open("one more", address)).toBe(null);
  expect(refused).toEqual(["connections over an address's share"]);
  expect(admission.size).toBe(share);
  // Others have room.
  expect(open("another", "198.51.100.1")).not.toBe(null);
});

test("P8.5 over its share, an address loses its own connections and nobody else's", () => {
  const { open, closed } = admissionOf(1_000);
  open("other", "198.51.100.1");
  for (let i = 0; i < 250; i++) open(`${i}`, "192.0.2.1");
  expect(open("one more", "192.0.2.1")).not.toBe(null);
  expect(closed).toEqual(["0"]);
});

test("P8.5 devices with a registration are shed for nobody, and count against no share", () => {
  const { admission, open, closed } = admissionOf(64);
  for (let i = 0; i < 60; i++) open(`device ${i}`, "192.0.2.1", "device");
  // 32 would be its share.
  for (let i = 0; i < 4; i++) expect(open(`guest ${i}`, "192.0.2.1", "guest")).not.toBe(null);
  expect(admission.size).toBe(64);
  for (let i = 0; i < 4; i++) expect(open(`new ${i}`, addressOf(9), "busy")).not.toBe(null);
  expect(closed).toEqual(["guest 0", "guest 1", "guest 2", "guest 3"]);
  expect(open("late", addressOf(9))).toBe(null);
});

test("P8.5 a guest whose device has registered meanwhile is no guest any more", () => {
  const { admission, open, closed } = admissionOf(2);
  const first = open("first", addressOf(1), "guest");
  open("second", addressOf(2), "guest");
  if (first !== null) first.entry.isDevice = () => true;
  expect(admission.shedGuest()).toBe(false);
  expect(first?.entry.standing).toBe("device");
  expect(admission.shedGuest()).toBe(true);
  expect(closed).toEqual(["second"]);
});

test("P8.1 a deadline ends a connection once, and a change of standing takes it away", () => {
  const { open, wait } = admissionOf(10);
  let expired = 0;
  const held = open("a", addressOf(1));
  held?.entry.expireIn(1_000, () => expired++);
  wait(999);
  expect(expired).toBe(0);
  wait(1);
  wait(5_000);
  expect(expired).toBe(1);
  held?.entry.expireIn(1_000, () => expired++);
  held?.entry.become("busy");
  held?.entry.become("idle");
  wait(5_000);
  expect(expired).toBe(1);
});

test("P8.5 what becomes of a connection that is gone changes no count", () => {
  const { admission, open } = admissionOf(128);
  for (let i = 0; i < 100; i++) {
    const held = open(`${i}`, "192.0.2.1", "guest");
    if (held === null) throw new Error("refused");
    held.entry.become("device");
    admission.remove(held.entry);
    admission.remove(held.entry);
    held.entry.become("idle");
  }
  expect(admission.size).toBe(0);
  // Its whole share is free.
  for (let i = 0; i < 32; i++) expect(open(`new ${i}`, "192.0.2.1", "busy")).not.toBe(null);
  expect(open("one more", "192.0.2.1")).toBe(null);
});

test("P8.5 requests without end give way, of the network that holds most, and what a key has signed does not", () => {
  const { open, closed } = admissionOf(7);
  for (let i = 0; i < 2; i++) open(`signed ${i}`, addressOf(1), "busy");
  for (let i = 0; i < 2; i++) open(`two ${i}`, addressOf(2), "asking");
  for (let i = 0; i < 3; i++) open(`three ${i}`, addressOf(3), "asking");
  expect(open("new", addressOf(4))).not.toBe(null);
  expect(closed).toEqual(["three 0"]);
  // Now two networks hold two, and this is the third.
  expect(open("of the network of the first", addressOf(4), "busy")).not.toBe(null);
  expect(closed).toEqual(["three 0", "new"]);
});

test("P8.5 requests under way end for nobody whose network would hold as many, so that more of them than can be served do not end each other", () => {
  const { open, closed } = admissionOf(4);
  for (let i = 0; i < 2; i++) open(`a ${i}`, addressOf(1), "asking");
  for (let i = 0; i < 2; i++) open(`b ${i}`, addressOf(2), "asking");
  expect(open("another", addressOf(1))).toBe(null);
  expect(open("first", addressOf(3), "asking")).not.toBe(null);
  expect(open("second", addressOf(3))).toBe(null);
  expect(closed).toEqual(["a 0"]);
});

test.each<ConnectionStanding>(["silent", "idle", "guest", "asking"])(
  "P8.5 a newcomer that is %s does not go for a network that holds much and comes back",
  (standing) => {
    const { open, closed } = admissionOf(100);
    for (let i = 0; i < 100; i++) open(`${i}`, addressOf(i % 5), "asking");
    const newcomers = ["x", "y", "z"];
    for (const [n, name] of newcomers.entries()) {
      const held = open(name, addressOf(50 + n));
      expect(held).not.toBe(null);
      held?.entry.become(standing);
      // It comes back as one on which nothing was asked yet, and again when that is shed.
      for (let i = 0; i < 20; i++) open(`again ${i}`, addressOf(n), "asking");
    }
    expect(closed.filter((name) => newcomers.includes(name))).toEqual([]);
  },
);

test("P8.5 each of those that come in one turn has another go", () => {
  const shed = new Set<number>();
  const admission = new Admission({ capacity: 5, now: () => 0 });
  // A host tells that they are gone only when its turn is over.
  const open = (n: number) => admission.admit(addressOf(n), () => shed.add(n));
  for (let n = 0; n < 5; n++) open(n)?.become("idle");
  for (let n = 5; n < 9; n++) open(n)?.become("busy");
  expect([...shed]).toEqual([0, 1, 2, 3]);
  expect(admission.size).toBe(5);
});

test("P8.5 a connection counts for each descriptor that it takes, and others go for them", () => {
  const { admission, open, closed } = admissionOf(6);
  for (const name of ["a", "b", "c"]) open(name, addressOf(1), "idle");
  const wide = open("wide", addressOf(2));
  expect(wide?.entry.widen(2)).toBe(true);
  expect(admission.size).toBe(6);
  expect(closed).toEqual([]);
  // It is shed whole.
  const other = open("other", addressOf(3), "busy");
  expect(other?.entry.widen(2)).toBe(true);
  expect(closed).toEqual(["wide"]);
  expect(admission.size).toBe(6);
  // It does not go for itself.
  const last = open("last", addressOf(4), "busy");
  expect(last?.entry.widen(3)).toBe(false);
  expect(closed).toEqual(["wide", "a", "b", "c"]);
  expect(admission.size).toBe(6);
});

test("P8.5 descriptors count against the share of an address, and for its device they do not", () => {
  const { admission, open, closed } = admissionOf(1_000);
  const address = "192.0.2.1";
  const entries = Array.from({ length: 83 }, (_, index) => open(`${index}`, address));
  for (const each of entries) expect(each?.entry.widen(2)).toBe(true);
  expect(open("one", address)?.entry.widen(2)).toBe(true);
  expect(closed).toEqual(["0"]);
  for (const each of entries) each?.entry.become("device");
  expect(open("more", address)?.entry.widen(200)).toBe(true);
  expect(closed).toEqual(["0"]);
  for (const each of entries) if (each) admission.remove(each.entry);
  expect(admission.size).toBe(3 + 201);
});

test("P8.5 requests of one app that all wait keep no newcomer out, nor another app", () => {
  const { admission, open, closed } = admissionOf(400);
  let working = 0;
  for (let n = 0; n < 400; n++) {
    const held = open(`${n}`, addressOf(n % 200));
    if (held?.entry.mayWorkFor("noisy") === true) {
      held.entry.become("busy");
      working++;
    } else held?.entry.closing();
  }
  expect(working).toBe(300);
  closed.length = 0;
  for (let n = 0; n < 100; n++) expect(open(`new ${n}`, "198.51.100.1")).not.toBe(null);
  expect(closed).not.toContain("0");
  const other = open("other", "198.51.100.2");
  expect(other?.entry.mayWorkFor("quiet")).toBe(true);
  other?.entry.become("busy");
  expect(admission.mayWorkFor("noisy")).toBe(false);
  expect(admission.mayWorkFor("quiet")).toBe(true);
});

test("P8.5 an app over its share is in it again when its requests are answered, or their connections end", () => {
  const { admission, open } = admissionOf(200);
  const held = Array.from({ length: 160 }, (_, n) => open(`${n}`, addressOf(n)));
  const working = held.filter((each) => {
    if (each?.entry.mayWorkFor("a") !== true) return false;
    each.entry.become("busy");
    return true;
  });
  expect(working).toHaveLength(150);
  working[0]?.entry.become("idle");
  // One of 199 that is answered.
  expect(admission.mayWorkFor("a")).toBe(true);
  const [, second] = working;
  if (second) admission.remove(second.entry);
  for (const each of working.slice(2)) each?.entry.become("idle");
  expect(admission.firm).toBe(0);
  for (let n = 0; n < 150; n++) expect(admission.mayWorkFor("a")).toBe(true);
});
