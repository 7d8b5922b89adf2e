/** Alarms of objects that sleep, where a process has descriptors for so many only. */
import { expect, test } from "vitest";
import { AlarmSpreader, alarmsAtOnce } from "../../objects/capacity/alarm-spreader.ts";
import { AWAKE_MS } from "../../objects/capacity/awake.ts";

/** Ten alarms at a time. */
const MAX_LINKS = 30;
const START = 1_000 * AWAKE_MS;
const DUE = START + 100 * AWAKE_MS;

test("H5 of alarms that are due at one time no more come at once than may be awake; the next ones come later", () => {
  const room = new AlarmSpreader(MAX_LINKS, () => START);
  const times = Array.from({ length: 35 }, () => room.take(DUE, null));
  expect(times.slice(0, 10)).toEqual(Array(10).fill(DUE));
  const rest = times.slice(10);
  expect(rest).toEqual(rest.toSorted((a, b) => a - b));
  for (const [index, at] of rest.entries()) {
    expect(Math.floor((at - DUE) / AWAKE_MS)).toBe(1 + Math.floor(index / 10));
  }
  // What is due at another time has its own.
  expect(room.take(DUE - AWAKE_MS, null)).toBe(DUE - AWAKE_MS);
});

test("H5 an alarm that is asked for again keeps its place, and one that moves leaves it", () => {
  const room = new AlarmSpreader(MAX_LINKS, () => START);
  const [first = 0, ...others] = Array.from({ length: 15 }, () => room.take(DUE, null));
  const last = others.at(-1) ?? 0;
  expect(last).toBeGreaterThan(DUE);
  for (let n = 0; n < 100; n++) expect(room.take(DUE, last)).toBe(last);
  expect(room.take(DUE - AWAKE_MS, first)).toBe(DUE - AWAKE_MS);
  expect(room.take(DUE, last)).toBe(DUE);
});

test("H5 an alarm that comes while its object is awake waits for nobody", () => {
  let now = START;
  const room = new AlarmSpreader(MAX_LINKS, () => now);
  const times = Array.from({ length: 15 }, () => room.take(DUE, null));
  now = DUE - AWAKE_MS;
  expect(room.take(DUE, times.at(-1) ?? null)).toBe(DUE);
});

test("H5 a process with many descriptors lets as many more come at once", () => {
  expect([27, 143, 100_000].map(alarmsAtOnce)).toEqual([9, 47, 33_333]);
});
