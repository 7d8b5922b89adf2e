/** `pushmesh webhook delete` */
import type { Command } from "commander";
import { aboutOne } from "./about-one.ts";

export const webhookDelete = (env: NodeJS.ProcessEnv): Command =>
  aboutOne(
    "delete",
    "delete a webhook, with its waiting events",
    env,
    async (webhooks, id, output) => {
      await webhooks.delete(id);
      output.result({ id }, `deleted  ${id}`);
    },
  );
