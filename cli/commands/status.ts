/** `pushmesh status` */
import { Command } from "commander";
import type { StatusAnswerBody } from "../../schema/http.ts";
import { progressText } from "../broadcast-progress.ts";
import { contextOf, type KeyOptions } from "../context.ts";
import { asServer, withExamples } from "../options.ts";
import { serverOf } from "../server.ts";
import { nameText } from "../terminal-text.ts";

type StatusEvent = NonNullable<StatusAnswerBody["events"]>[number];

const eventLine = ({ event, at, action }: StatusEvent): string =>
  `${new Date(at).toISOString()}  ${event}${action === undefined ? "" : `  ${nameText(action)}`}`;

export function status(env: NodeJS.ProcessEnv): Command {
  const command = asServer(new Command("status"))
    .description("show the status of a message, or the progress of a broadcast")
    .argument("<id>", "as pushmesh send or broadcast printed it")
    .action(async (id: string, options: KeyOptions) => {
      const context = contextOf(options, env);
      const answer = await serverOf(context, options, env).status(id);
      const accepted = `accepted ${new Date(answer.acceptedAt).toISOString()}`;
      const text =
        "members" in answer
          ? `${progressText(answer)}  ${accepted}`
          : [`${answer.status}  ${accepted}`, ...(answer.events ?? []).map(eventLine)].join("\n");
      context.output.result(answer, text);
    });
  return withExamples(command, "pushmesh status <id>");
}
