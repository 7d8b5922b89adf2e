/** Of one host: what is killed is a push service and its apps, which know no host. */
import { expect, test } from "vitest";
import { HOST } from "../../support/host.ts";
import { chaosSeed, clean } from "../options.ts";
import { campaign } from "../service/campaign.ts";
import { serviceSummary } from "../service/ledger.ts";

test("D2 D3 P2.1 P3.1 kill -9 of a push service and its apps under load loses nothing, doubles nothing, keeps order", async () => {
  const seed = chaosSeed();
  const log = (line: string): void => console.log(line);
  log(`seed ${seed} (CHAOS_SEED repeats it)`);
  const verdict = await campaign({ host: HOST, seed, rounds: 6, devices: 4, log });
  log(serviceSummary(verdict));
  expect(verdict).toMatchObject(clean);
  expect(verdict.accepted).toBeGreaterThan(100);
  expect(verdict.seen).toBe(verdict.accepted);
});
