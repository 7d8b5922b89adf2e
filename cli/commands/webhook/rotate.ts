/** `pushmesh webhook rotate` */
import type { Command } from "commander";
import { LIMITS } from "../../../schema/limits.ts";
import type { KeyOptions } from "../../context.ts";
import { wholeNumber } from "../../options.ts";
import { aboutOne } from "./about-one.ts";

interface RotateOptions extends KeyOptions {
  readonly overlap?: number;
}

export const webhookRotate = (env: NodeJS.ProcessEnv): Command =>
  aboutOne<RotateOptions>(
    "rotate",
    "give a webhook a new secret",
    env,
    async (webhooks, id, output, { overlap }) => {
      const rotated = await webhooks.rotate(
        id,
        overlap === undefined ? {} : { overlapSeconds: overlap },
      );
      output.result(rotated, `secret   ${rotated.secret}`);
      output.note("Store the secret now: it is not shown again.");
    },
  ).option(
    "--overlap <seconds>",
    "how long the old secret signs too (default: a day)",
    wholeNumber(0, LIMITS.WEBHOOK_OVERLAP_MAX_SECONDS),
  );
