/** How a connection by HTTP/2 stands. */
import { expect, test } from "vitest";
import { Tunnel } from "../../../../hosts/deno/net/tunnel.ts";
import { Admission } from "../../../../hosts/machine/net/admission/admission.ts";

function tunnelOf() {
  const entry = new Admission({ capacity: 10, now: () => 0 }).admit("192.0.2.1", () => {});
  if (entry === null) throw new Error("there is room");
  entry.become("idle");
  let idle = 0;
  const tunnel = new Tunnel(entry, { count() {}, isFull: () => false }, () => idle++);
  return { tunnel, standing: () => entry.standing, idle: () => idle };
}

test("P8.5 a connection by HTTP/2 is busy while any signed request is under way", () => {
  const { tunnel, standing, idle } = tunnelOf();
  const first = tunnel.ask(true);
  const second = tunnel.ask(true);
  const other = tunnel.ask(false);
  tunnel.begin();
  first();
  expect(standing()).toBe("busy");
  second();
  expect(standing()).toBe("guest");
  other();
  tunnel.end();
  expect(standing()).toBe("idle");
  // Its time begins anew.
  expect(idle()).toBe(1);
});

test("P8.5 one request under way that is not signed is asked for, and more at once keep nobody else out", () => {
  const { tunnel, standing, idle } = tunnelOf();
  const first = tunnel.ask(false);
  expect(standing()).toBe("asking");
  const second = tunnel.ask(false);
  expect(standing()).toBe("idle");
  first();
  expect(standing()).toBe("asking");
  second();
  expect([standing(), idle()]).toEqual(["idle", 2]);
});

test("P8.5 requests that are not signed make nothing more of a connection with an event stream", () => {
  const { tunnel, standing } = tunnelOf();
  const answered = tunnel.ask(false);
  tunnel.begin();
  expect(standing()).toBe("guest");
  answered();
  tunnel.ask(false);
  expect(standing()).toBe("guest");
});
