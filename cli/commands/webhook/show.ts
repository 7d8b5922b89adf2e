/** `pushmesh webhook show` */
import type { Command } from "commander";
import { dateText, nameText } from "../../terminal-text.ts";
import { aboutOne, webhookState } from "./about-one.ts";

export const webhookShow = (env: NodeJS.ProcessEnv): Command =>
  aboutOne("show", "show a webhook and its health", env, async (webhooks, id, output) => {
    const webhook = await webhooks.get(id);
    const { url, events, description, waiting, dead, dropped, failingSince, lastFailure } = webhook;
    const lines = [
      `url          ${nameText(url)}`,
      `events       ${events?.join(", ") ?? "everything"}`,
      ...(description === "" ? [] : [`description  ${nameText(description)}`]),
      `state        ${webhookState(webhook)}`,
      `waiting      ${waiting} events, ${dead} dead letters, ${dropped} dropped`,
      ...(failingSince === null ? [] : [`failing      since ${dateText(failingSince)}`]),
      ...(lastFailure === null
        ? []
        : [`last failure ${dateText(lastFailure.at)}: ${nameText(lastFailure.error)}`]),
    ];
    output.result(webhook, lines.join("\n"));
  });
