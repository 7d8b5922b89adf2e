/** `pushmesh app forget-revoked-grants` */
import { Command } from "commander";
import { type AdminOptions, adminOf } from "../../admin.ts";
import { type AppOptions, appOf, contextOf } from "../../context.ts";
import { usageFailure } from "../../failure.ts";
import { withAdmin, withApp, withExamples } from "../../options.ts";

interface ForgetOptions extends AppOptions, AdminOptions {
  readonly yes?: boolean;
}

export function appForgetRevokedGrants(env: NodeJS.ProcessEnv): Command {
  const command = withApp(withAdmin(new Command("forget-revoked-grants")))
    .description("forget the revoked grants of an app; needs the admin token")
    .option("--yes", "required: those that are not over are valid again, if their key is")
    .action(async (options: ForgetOptions) => {
      const context = contextOf(options, env);
      const appId = appOf(context, options, env);
      if (options.yes !== true) {
        throw usageFailure("grants that are not over would be valid again: say so with --yes");
      }
      const { forgotten } = await adminOf(context, options, env).forgetRevokedGrants(appId);
      context.output.result({ appId, forgotten }, `${appId}  ${forgotten} forgotten`);
    });
  return withExamples(command, "pushmesh app forget-revoked-grants --app <appId> --yes");
}
