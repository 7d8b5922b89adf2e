/** `pushmesh tag remove` */
import { Command } from "commander";
import { contextOf, type KeyOptions } from "../../context.ts";
import { asServer, withExamples, withRegIds } from "../../options.ts";
import { printResults } from "../../registrations.ts";
import { serverOf } from "../../server.ts";

interface TagRemoveOptions extends KeyOptions {
  readonly to: readonly string[];
}

export function tagRemove(env: NodeJS.ProcessEnv): Command {
  const command = withRegIds(asServer(new Command("remove")))
    .description("unsubscribe registrations from a tag")
    .argument("<tag>", "as it was given to tag add")
    .action(async (tag: string, options: TagRemoveOptions) => {
      const context = contextOf(options, env);
      const results = await serverOf(context, options, env).tags.remove(tag, options.to);
      printResults(context.output, results);
    });
  return withExamples(command, "pushmesh tag remove news --to <regId>");
}
