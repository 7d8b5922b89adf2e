/** `pushmesh app create` */
import { Command } from "commander";
import { type AdminOptions, adminOf } from "../../admin.ts";
import { contextOf } from "../../context.ts";
import { withAdmin, withExamples } from "../../options.ts";

export function appCreate(env: NodeJS.ProcessEnv): Command {
  const command = withAdmin(new Command("create"))
    .description("create an app; needs the admin token")
    .argument("<name>", "its name, for people")
    .option("--open", "any device that knows the appId may register, hold aliases and join tags")
    .action(async (name: string, options: AdminOptions & { readonly open?: true }) => {
      const context = contextOf(options, env);
      const admin = adminOf(context, options, env);
      const app = await admin.createApp(name, options.open === true ? { policy: "open" } : {});
      context.output.result(app, `appId  ${app.appId}`);
      context.output.note(`Make a key to send with: pushmesh key create --app ${app.appId}`);
    });
  return withExamples(command, "pushmesh app create Shop", "pushmesh app create Try --open");
}
