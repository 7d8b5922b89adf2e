/** `pushmesh key list` */
import { Command } from "commander";
import type { AdminOptions } from "../../admin.ts";
import { keyLine, readApp } from "../../app.ts";
import type { AppOptions } from "../../context.ts";
import { withAdmin, withApp, withExamples } from "../../options.ts";

export function keyList(env: NodeJS.ProcessEnv): Command {
  const command = withApp(withAdmin(new Command("list")))
    .description("list the keys of an app, oldest first; needs the admin token")
    .action(async (options: AppOptions & AdminOptions) => {
      const { app, output } = await readApp(options, env);
      for (const key of app.keys) output.result(key, keyLine(key));
    });
  return withExamples(command, "pushmesh key list --app <appId>", "pushmesh key list --json");
}
