/** `pushmesh alias set` */
import { Command } from "commander";
import { contextOf, type KeyOptions } from "../../context.ts";
import { asServer, withExamples, withRegIds } from "../../options.ts";
import { printResults } from "../../registrations.ts";
import { serverOf } from "../../server.ts";

interface AliasSetOptions extends KeyOptions {
  readonly to: readonly string[];
  readonly shared?: boolean;
}

export function aliasSet(env: NodeJS.ProcessEnv): Command {
  const command = withRegIds(asServer(new Command("set")))
    .description("give an alias to a registration, and take it from the previous holder")
    .argument("<alias>", "1 to 128 bytes of any UTF-8")
    .option("--shared", "share it among up to 128 registrations, such as the devices of one person")
    .action(async (alias: string, options: AliasSetOptions) => {
      const { to, shared = false } = options;
      const context = contextOf(options, env);
      const results = await serverOf(context, options, env).aliases.add(alias, to, { shared });
      printResults(context.output, results);
    });
  return withExamples(
    command,
    "pushmesh alias set user-4711 --to <regId>",
    "pushmesh alias set user-4711 --to <regId> <regId> --shared",
  );
}
