/** `pushmesh webhook dead-letters` */
import type { Command } from "commander";
import { dateText, nameText } from "../../terminal-text.ts";
import { aboutOne } from "./about-one.ts";

export const webhookDeadLetters = (env: NodeJS.ProcessEnv): Command =>
  aboutOne(
    "dead-letters",
    "list the requests that could not be delivered in a day",
    env,
    async (webhooks, id, output) => {
      for await (const letter of webhooks.deadLetters(id)) {
        const { at, attempts, error, events } = letter;
        const what = `${events.length} events, ${attempts} attempts`;
        output.result(letter, `${letter.id}  ${dateText(at)}  ${what}: ${nameText(error)}`);
      }
    },
  );
