/** `pushmesh app list` */
import { Command } from "commander";
import { MeshAdmin } from "../../sdk/server/admin.ts";
import { adminTokenOf, type CommonOptions, contextOf } from "../context.ts";
import { withExamples, withMesh } from "../options.ts";

export function appList(env: NodeJS.ProcessEnv): Command {
  const command = withMesh(new Command("list"))
    .description("list the apps of the mesh; needs its admin token")
    .action(async (options: CommonOptions) => {
      const context = contextOf(options, env);
      const admin = new MeshAdmin({ url: context.url, token: adminTokenOf(context, env) });
      for (const app of await admin.apps()) {
        const made = new Date(app.createdAt).toISOString();
        context.output.result(app, `${app.appId}  ${made}  ${app.name}`);
      }
    });
  return withExamples(command, "pushmesh app list", "pushmesh app list --json");
}
