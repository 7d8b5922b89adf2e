/** `pushmesh smoke` */
import { Command } from "commander";
import { MeshAdmin } from "../../sdk/server/admin.ts";
import { adminTokenOf, type CommonOptions, contextOf } from "../context.ts";
import { withExamples, withMesh } from "../options.ts";
import { smoke as smokeMesh } from "../smoke.ts";

export function smoke(env: NodeJS.ProcessEnv): Command {
  const command = withMesh(new Command("smoke"))
    .description(
      "try one of everything on a mesh, as after a deploy, with an app of its own; needs its admin token",
    )
    .action(async (options: CommonOptions) => {
      const context = contextOf(options, env);
      const admin = new MeshAdmin({ url: context.url, token: adminTokenOf(context, env) });
      await smokeMesh(context.url, admin, ({ name, tookMs, error }) => {
        const ok = error === undefined;
        const text = ok ? `ok      ${name}  ${tookMs} ms` : `failed  ${name}: ${error}`;
        context.output.result({ step: name, ok, tookMs, ...(ok ? {} : { error }) }, text);
      });
    });
  return withExamples(command, "pushmesh smoke --url https://push.example.com");
}
