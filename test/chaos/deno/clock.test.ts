/**
 * On Deno alone: workerd's supervisor gives it no environment but its secrets, and so nobody another clock. What the
 * clock decides is decided in core/, the same for both (test/core/device/mail/clocks.test.ts).
 */
import { expect, test } from "vitest";
import { HOST } from "../../support/host.ts";
import { clock } from "../clock.ts";
import { summary } from "../ledger.ts";
import { chaosSeed, clean } from "../options.ts";

test("P1.6 P2.1 P3.1 a clock that jumps under load loses nothing, doubles nothing, keeps order", async () => {
  const seed = chaosSeed();
  const log = (line: string): void => console.log(line);
  log(`seed ${seed} (CHAOS_SEED repeats it)`);
  const verdict = await clock({ host: HOST, seed, rounds: 6, devices: 12, log });
  log(summary(verdict));
  expect(verdict).toMatchObject(clean);
  expect(verdict.accepted).toBeGreaterThan(100);
  expect(verdict.seen).toBeGreaterThan(100);
});
