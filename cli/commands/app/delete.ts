/** `pushmesh app delete` */
import { Command } from "commander";
import { type AdminOptions, adminOf } from "../../admin.ts";
import { contextOf } from "../../context.ts";
import { usageFailure } from "../../failure.ts";
import { withAdmin, withExamples } from "../../options.ts";

export function appDelete(env: NodeJS.ProcessEnv): Command {
  const command = withAdmin(new Command("delete"))
    .description("delete an app, its keys and its registrations for good; needs the admin token")
    .argument("<appId>", "as pushmesh app list prints it")
    .option("--yes", "required: you cannot undo this, and nobody can send for the app afterwards")
    .action(async (appId: string, options: AdminOptions & { readonly yes?: boolean }) => {
      const context = contextOf(options, env);
      if (options.yes !== true) {
        throw usageFailure(`deleting ${appId} cannot be undone: say so with --yes`);
      }
      const admin = adminOf(context, options, env);
      await admin.deleteApp(appId);
      context.output.result({ appId, deleted: true }, `deleted  ${appId}`);
    });
  return withExamples(command, "pushmesh app delete <appId> --yes");
}
