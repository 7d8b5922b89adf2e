import { expect, test } from "vitest";
import { HOST } from "../support/host.ts";
import { cut } from "./cut.ts";
import { summary } from "./ledger.ts";
import { chaosSeed, clean } from "./options.ts";

test("P1.3 P2.1 P3.1 P4.1 cut, half-open and slow connections lose nothing, double nothing, keep order", async () => {
  const seed = chaosSeed();
  const log = (line: string): void => console.log(line);
  log(`seed ${seed} (CHAOS_SEED repeats it)`);
  const verdict = await cut({ host: HOST, seed, rounds: 4, devices: 12, log });
  log(summary(verdict));
  expect(verdict).toMatchObject(clean);
  expect(verdict.accepted).toBeGreaterThan(100);
  expect(verdict.seen).toBeGreaterThan(100);
});
