/** `pushmesh broadcast` */
import { Command } from "commander";
import type { ConditionBody, SendBodyInput } from "../../schema/http.ts";
import { LIMITS } from "../../schema/limits.ts";
import type { BroadcastMessage } from "../../sdk/server/sending/message.ts";
import { dueText, watchBroadcast } from "../broadcast-progress.ts";
import { contextOf, type KeyOptions } from "../context.ts";
import { usageFailure } from "../failure.ts";
import { type ContentOptions, contentOf, printValidation } from "../message/data.ts";
import {
  asServer,
  instantText,
  jsonObject,
  wholeNumber,
  withContent,
  withExamples,
} from "../options.ts";
import { serverOf } from "../server.ts";
import { interruption } from "../signals.ts";

interface BroadcastOptions extends KeyOptions, ContentOptions {
  readonly tag?: string;
  /** Judged by the mesh. */
  readonly condition?: ConditionBody;
  readonly everyone?: true;
  readonly filter?: NonNullable<SendBodyInput["filter"]>;
  readonly pace?: number;
  readonly at?: string;
  readonly idempotencyKey?: string;
  readonly watch?: boolean;
}

function targetOf({ tag, condition, everyone }: BroadcastOptions): BroadcastMessage["to"] {
  const given = [
    ...(tag === undefined ? [] : [{ tag }]),
    ...(condition === undefined ? [] : [{ condition }]),
    ...(everyone === undefined ? [] : [{ everyone }]),
  ];
  const [to, ...more] = given;
  if (to === undefined || more.length > 0)
    throw usageFailure("give exactly one of --tag, --condition and --everyone");
  return to;
}

export function broadcast(env: NodeJS.ProcessEnv): Command {
  const command = withContent(
    asServer(new Command("broadcast"))
      .description("send a message to a tag, to a condition over tags, or to all devices")
      .option("--tag <tag>", "send to the members of this tag")
      .option(
        "--condition <JSON>",
        "send to devices that match: {tag}, {any: […]}, {all: […]}, {not: …}",
        jsonObject,
      )
      .option("--everyone", "send to all devices of the app"),
  )
    .option(
      "--filter <JSON>",
      "only devices that match: {platform, appVersion, locale, attributes}",
      jsonObject,
    )
    .option(
      "--pace <n>",
      "devices per second (default: as fast as possible)",
      wholeNumber(1, LIMITS.PACE_MAX),
    )
    .option(
      "--at <time>",
      "when to send it, at most 30 days ahead: 2026-12-24T18:00:00Z",
      instantText,
    )
    .option("--watch", "print the progress until it is sent")
    .action(async (options: BroadcastOptions) => {
      const { filter, pace, at, idempotencyKey } = options;
      const message: BroadcastMessage = {
        to: targetOf(options),
        ...contentOf(options),
        ...(filter !== undefined && { filter }),
        ...(pace !== undefined && { pace }),
        ...(at !== undefined && { sendAt: at }),
      };
      const context = contextOf(options, env);
      const { output } = context;
      const push = serverOf(context, options, env);
      if (options.validateOnly) return printValidation(push, message, output);
      const answer = await push.broadcast(
        message,
        idempotencyKey === undefined ? {} : { idempotencyKey },
      );
      const { status, id, tookMs, sendAt } = answer;
      output.result(answer, `${status}  ${id}  ${tookMs} ms${dueText(sendAt)}`);
      if (options.watch === true) await watchBroadcast(push, id, output, interruption());
    });
  withExamples(
    command,
    `pushmesh broadcast --tag news --data '{"title":"Hello"}' --watch`,
    `pushmesh broadcast --everyone --data 'Hello' --filter '{"platform":["web"]}' --pace 1000`,
    `pushmesh broadcast --condition '{"all":[{"tag":"news"},{"not":{"tag":"paying"}}]}' --data 'Sale' --ttl 3600`,
  );
  return command.addHelpText(
    "after",
    "\nExit codes: 0 accepted (it is on disk, and the mesh completes it), 2 usage, 3 refused by the mesh, 4 network.",
  );
}
