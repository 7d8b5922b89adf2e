/** A slice of the campaigns in docs/security.md; it asserts nothing about times. */
import { expect, test } from "vitest";
import { HOST } from "../../support/host.ts";
import { chaosSeed } from "../options.ts";
import { campaign } from "./campaign.ts";
import { reportOf, undocumented } from "./report.ts";

const SLICE = { host: HOST, seconds: 3, devices: 20, sends: 10, settleSeconds: 0 };

test("P8.3 P8.5 P8.10 a hostile stranger takes no link of devices, gets only documented answers, and leaves nothing stored", async () => {
  const log = (line: string): void => console.log(line);
  const options = { ...SLICE, seed: chaosSeed(), log };
  const verdict = await campaign({ ...options, attacker: "stranger", lanes: 12, slow: 12 });
  log(reportOf(verdict));
  expect(verdict.lost).toEqual([]);
  expect(undocumented(verdict.outcomes)).toEqual([]);
  expect(Object.keys(verdict.outcomes).length).toBeGreaterThan(5);
  expect(Object.keys(verdict.sends.during.statuses)).toEqual(["delivered"]);
  expect(verdict.stored.after.devices).toBe(SLICE.devices);
  expect(verdict.stored.after.aliases).toBe(0);
});

test("P8.3 P7.7 a hostile registered device takes no link of others, and gets only documented answers", async () => {
  const log = (line: string): void => console.log(line);
  const options = { ...SLICE, seed: chaosSeed(), log };
  const verdict = await campaign({ ...options, attacker: "insider", lanes: 2, slow: 0 });
  log(reportOf(verdict));
  expect(verdict.lost).toEqual([]);
  expect(undocumented(verdict.outcomes)).toEqual([]);
  expect(Object.keys(verdict.outcomes).length).toBeGreaterThan(0);
});

test("P8.3 while a hostile device joins 2,000 tags on each of its links, every send to others is delivered", async () => {
  const log = (line: string): void => console.log(line);
  const only = "2,000 tags, described again and again";
  const options = { ...SLICE, seed: chaosSeed(), log, only };
  const verdict = await campaign({ ...options, attacker: "insider", lanes: 4, slow: 0 });
  log(reportOf(verdict));
  expect(Object.keys(verdict.sends.during.statuses)).toEqual(["delivered"]);
  expect(verdict.lost).toEqual([]);
});
