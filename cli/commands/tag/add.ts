/** `pushmesh tag add` */
import { Command } from "commander";
import { contextOf, type KeyOptions } from "../../context.ts";
import { asServer, withExamples, withRegIds } from "../../options.ts";
import { printResults } from "../../registrations.ts";
import { serverOf } from "../../server.ts";

interface TagAddOptions extends KeyOptions {
  readonly to: readonly string[];
}

export function tagAdd(env: NodeJS.ProcessEnv): Command {
  const command = withRegIds(asServer(new Command("add")))
    .description("subscribe registrations to a tag")
    .argument("<tag>", "1 to 128 bytes of any UTF-8")
    .action(async (tag: string, options: TagAddOptions) => {
      const context = contextOf(options, env);
      const results = await serverOf(context, options, env).tags.add(tag, options.to);
      printResults(context.output, results);
    });
  return withExamples(command, "pushmesh tag add news --to <regId> <regId>");
}
