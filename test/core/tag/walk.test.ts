/** The order in which app servers see the nodes of a tree. */
import { expect, test } from "vitest";
import { parseKeyring } from "../../../core/identity/keyring.ts";
import { WalkOrder } from "../../../core/tag/tree/walk.ts";

const ALL = "0123456789abcdef";
const keyring = parseKeyring(`1:${Buffer.alloc(32, 7).toString("base64url")}`);

function orderOf(app: string): WalkOrder {
  if (typeof keyring === "string") throw new Error(keyring);
  return new WalkOrder(keyring.root, app);
}

function childrenOf(order: WalkOrder, path: string, children = ALL): string {
  let visited = "";
  for (let last: string | undefined; ; ) {
    last = order.next(path, children, last);
    if (last === undefined) return visited;
    visited += last;
  }
}

test("S18 visits each child once, and only those that are there", () => {
  const order = orderOf("AAAAAAAAAAA");
  expect([...childrenOf(order, "")].sort().join("")).toBe(ALL);
  expect([...childrenOf(order, "3", "05af")].sort().join("")).toBe("05af");
  expect(order.next("", "")).toBeUndefined();
});

test("S18 P7.4 two apps see a tree in different orders, each node of it in its own", () => {
  const [a, b] = [orderOf("AAAAAAAAAAA"), orderOf("AAAAAAAAAAE")];
  const seen = [childrenOf(a, ""), childrenOf(b, ""), childrenOf(a, "0"), childrenOf(a, "1"), ALL];
  expect(new Set(seen).size).toBe(seen.length);
  expect(childrenOf(orderOf("AAAAAAAAAAA"), "")).toBe(seen[0]);
});

test("S18 a place names one node, and does not tell its path", () => {
  const order = orderOf("AAAAAAAAAAA");
  const places = new Set<string>();
  for (const first of ALL) {
    for (const second of ALL) {
      const place = order.placeOf(first + second);
      expect(order.pathAt(place)).toBe(first + second);
      places.add(place);
    }
  }
  expect(places.size).toBe(256);
  expect([order.placeOf(""), order.pathAt("")]).toEqual(["", ""]);
});
