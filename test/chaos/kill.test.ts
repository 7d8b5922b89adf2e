import { expect, test } from "vitest";
import { HOST } from "../support/host.ts";
import { kill } from "./kill.ts";
import { summary } from "./ledger.ts";
import { chaosSeed, clean } from "./options.ts";

test("P1.2 P2.1 P3.1 P4.1 kill -9 under load loses nothing, doubles nothing, keeps order", async () => {
  const seed = chaosSeed();
  const log = (line: string): void => console.log(line);
  log(`seed ${seed} (CHAOS_SEED repeats it)`);
  const verdict = await kill({ host: HOST, seed, rounds: 3, devices: 12, log });
  log(summary(verdict));
  expect(verdict).toMatchObject(clean);
  expect(verdict.accepted).toBeGreaterThan(100);
  expect(verdict.seen).toBeGreaterThan(100);
});
