/** `pushmesh app list` */
import { Command } from "commander";
import { type AdminOptions, adminOf } from "../../admin.ts";
import { contextOf } from "../../context.ts";
import { withAdmin, withExamples } from "../../options.ts";

export function appList(env: NodeJS.ProcessEnv): Command {
  const command = withAdmin(new Command("list"))
    .description("list the apps of the mesh; needs the admin token")
    .action(async (options: AdminOptions) => {
      const context = contextOf(options, env);
      const admin = adminOf(context, options, env);
      for (const app of await admin.apps()) {
        const made = new Date(app.createdAt).toISOString();
        context.output.result(app, `${app.appId}  ${made}  ${app.name}`);
      }
    });
  return withExamples(command, "pushmesh app list", "pushmesh app list --json");
}
