/** `pushmesh send` */
import { Command, Option } from "commander";
import { PRIORITY_NAMES, type SendBodyInput } from "../../schema/http.ts";
import { PushServer, type SendOptions } from "../../sdk/server/push-server.ts";
import { contextOf, type KeyOptions, sendingKeyOf } from "../context.ts";
import { CliFailure, EXIT, usageFailure } from "../failure.ts";
import { type DataOptions, dataOf } from "../message-data.ts";
import { wholeNumber, withApp, withExamples, withKey, withMesh } from "../options.ts";

interface SendCommandOptions extends KeyOptions, DataOptions {
  readonly to: string;
  readonly ttl?: number;
  readonly priority?: (typeof PRIORITY_NAMES)[number];
  readonly collapseKey?: string;
  readonly idempotencyKey?: string;
  readonly async?: boolean;
  readonly wait?: number;
}

function bodyOf(options: SendCommandOptions): SendBodyInput {
  const { to, ttl, priority, collapseKey } = options;
  return {
    to,
    ...dataOf(options),
    ...(ttl !== undefined && { ttl }),
    ...(priority !== undefined && { priority }),
    ...(collapseKey !== undefined && { collapseKey }),
  };
}

function sendOptionsOf({ idempotencyKey, async, wait }: SendCommandOptions): SendOptions {
  if (async === true && wait !== undefined) throw usageFailure("give --async or --wait, not both");
  return {
    ...(idempotencyKey !== undefined && { idempotencyKey }),
    ...(async === true && { respondAsync: true }),
    ...(wait !== undefined && { wait }),
  };
}

export function send(env: NodeJS.ProcessEnv): Command {
  const command = withKey(withApp(withMesh(new Command("send"))))
    .description("send a message to one registration")
    .requiredOption("--to <regId>", "as pushmesh listen printed it")
    .option("--data <text>", "a JSON object, or any other text, which is sent as a string")
    .option("--data-base64 <base64>", "bytes")
    .option("--data-file <file>", "what is in a file; - reads stdin")
    .option(
      "--ttl <seconds>",
      "how long it may wait for the device; 0 is now or never",
      wholeNumber,
    )
    .addOption(new Option("--priority <name>", "default: normal").choices(PRIORITY_NAMES))
    .option("--collapse-key <key>", "replaces an older message of this key that still waits")
    .option("--idempotency-key <key>", "makes two calls one message")
    .option("--async", "answer once it is stored, without waiting for the device")
    .option(
      "--wait <seconds>",
      "how long to wait for the device, 0 to 20 (default: 5)",
      wholeNumber,
    )
    .action(async (options: SendCommandOptions) => {
      const context = contextOf(options, env);
      const server = new PushServer({ url: context.url, ...sendingKeyOf(context, options, env) });
      const answer = await server.send(bodyOf(options), sendOptionsOf(options));
      const { status, id, tookMs } = answer;
      context.output.result(answer, `${status}  ${id}  ${tookMs} ms`);
      if (status !== "delivered" && status !== "queued")
        throw new CliFailure(EXIT.refused, status, `the message ended as ${status}`);
    });
  withExamples(
    command,
    `pushmesh send --to <regId> --data '{"hello":"world"}'`,
    "pushmesh send --to <regId> --data 'Hello' --ttl 3600 --priority high",
    "date | pushmesh send --to <regId> --data-file -",
  );
  return command.addHelpText(
    "after",
    "\nExit codes: 0 delivered or queued, 2 usage, 3 refused by the mesh, 4 network.",
  );
}
