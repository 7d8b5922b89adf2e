import { expect, test } from "vitest";
import { HOST } from "../support/host.ts";
import { broadcast } from "./broadcast.ts";
import { chaosSeed, clean } from "./options.ts";
import { tagSummary } from "./tag-ledger.ts";

test("T1 B1 B5 B9 B15 B25 X4 kill -9 while tags grow and broadcasts go out loses nobody and nothing, doubles nothing", async () => {
  const seed = chaosSeed();
  const log = (line: string): void => console.log(line);
  log(`seed ${seed} (CHAOS_SEED repeats it)`);
  const verdict = await broadcast({ host: HOST, seed, rounds: 4, devices: 30, log });
  log(tagSummary(verdict));
  expect(verdict).toMatchObject(clean);
  expect(verdict.accepted).toBeGreaterThan(20);
  // More than the two last ones to all devices.
  expect(verdict.seen).toBeGreaterThan(100);
});
