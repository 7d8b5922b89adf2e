/** `pushmesh smoke` */
import { Command } from "commander";
import { type AdminOptions, adminOf } from "../admin.ts";
import { contextOf } from "../context.ts";
import { withAdmin, withExamples } from "../options.ts";

export function smoke(env: NodeJS.ProcessEnv): Command {
  const command = withAdmin(new Command("smoke"))
    .description(
      "try one of each operation on a mesh, for example after a deploy; needs the admin token",
    )
    .action(async (options: AdminOptions) => {
      const context = contextOf(options, env);
      const admin = adminOf(context, options, env);
      const { smoke: smokeMesh } = await import("../smoke.ts");
      await smokeMesh(context.url, admin, ({ name, tookMs, error }) => {
        const ok = error === undefined;
        const text = ok ? `ok      ${name}  ${tookMs} ms` : `failed  ${name}: ${error}`;
        context.output.result({ step: name, ok, tookMs, ...(ok ? {} : { error }) }, text);
      });
    });
  return withExamples(command, "pushmesh smoke --url https://push.example.com");
}
