/** `pushmesh webhook replay` */
import type { Command } from "commander";
import type { KeyOptions } from "../../context.ts";
import { aboutOne } from "./about-one.ts";

export const webhookReplay = (env: NodeJS.ProcessEnv): Command =>
  aboutOne<KeyOptions & { readonly id?: readonly string[] }>(
    "replay",
    "retry dead letters",
    env,
    async (webhooks, webhook, output, { id }) => {
      const replayed = await webhooks.replay(webhook, id === undefined ? {} : { ids: id });
      output.result({ replayed }, `replayed  ${replayed}`);
    },
  ).option("--id <id...>", "IDs of dead letters (default: all)");
