/** `pushmesh app create` */
import { Command } from "commander";
import { MeshAdmin } from "../../sdk/server/admin.ts";
import { adminTokenOf, type CommonOptions, contextOf } from "../context.ts";
import { withExamples, withMesh } from "../options.ts";

export function appCreate(env: NodeJS.ProcessEnv): Command {
  const command = withMesh(new Command("create"))
    .description("make an app; needs the mesh's admin token")
    .argument("<name>", "its name, for people")
    .action(async (name: string, options: CommonOptions) => {
      const context = contextOf(options, env);
      const admin = new MeshAdmin({ url: context.url, token: adminTokenOf(context, env) });
      const app = await admin.createApp(name);
      context.output.result(app, `appId  ${app.appId}`);
      context.output.note(`Make a key to send with: pushmesh key create --app ${app.appId}`);
    });
  return withExamples(command, "pushmesh app create Shop");
}
