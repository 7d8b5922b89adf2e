import { expect, test } from "vitest";
import { HOST } from "../../support/host.ts";
import { chaosSeed, clean } from "../options.ts";
import { inOneLine, killWithWebhooks } from "./campaign.ts";

test("Q4 Q5 Q10 U2 kill -9 loses no receipt, and doubles come with the same webhook-id only", async () => {
  const seed = chaosSeed();
  const log = (line: string): void => console.log(line);
  log(`seed ${seed} (CHAOS_SEED repeats it)`);
  const verdict = await killWithWebhooks({ host: HOST, seed, rounds: 3, devices: 4, log });
  log(inOneLine(verdict));
  expect(verdict).toMatchObject(clean);
});
