/** `pushmesh alias unset` */
import { Command } from "commander";
import { contextOf, type KeyOptions } from "../../context.ts";
import { asServer, withExamples, withRegIds } from "../../options.ts";
import { printResults } from "../../registrations.ts";
import { serverOf } from "../../server.ts";

interface AliasUnsetOptions extends KeyOptions {
  readonly to: readonly string[];
}

export function aliasUnset(env: NodeJS.ProcessEnv): Command {
  const command = withRegIds(asServer(new Command("unset")))
    .description("take an alias from registrations")
    .argument("<alias>")
    .action(async (alias: string, options: AliasUnsetOptions) => {
      const context = contextOf(options, env);
      const results = await serverOf(context, options, env).aliases.remove(alias, options.to);
      printResults(context.output, results);
    });
  return withExamples(command, "pushmesh alias unset user-4711 --to <regId>");
}
