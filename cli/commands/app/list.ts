/** `pushmesh app list` */
import { Command } from "commander";
import type { MeshAdmin } from "../../../sdk/server/admin.ts";
import { RefusedError } from "../../../sdk/server/errors.ts";
import { type AdminOptions, adminOf } from "../../admin.ts";
import { contextOf } from "../../context.ts";
import { withAdmin, withExamples } from "../../options.ts";

/** Policies that are asked for at once. */
const AT_ONCE = 8;

/** Null if the app was deleted meanwhile, or the mesh is of an older version. */
const policyOf = (admin: MeshAdmin, appId: string) =>
  admin.policy(appId).catch((error: unknown) => {
    if (error instanceof RefusedError && error.status === 404) return null;
    throw error;
  });

export function appList(env: NodeJS.ProcessEnv): Command {
  const command = withAdmin(new Command("list"))
    .description("list the apps of the mesh; needs the admin token")
    .action(async (options: AdminOptions) => {
      const context = contextOf(options, env);
      const admin = adminOf(context, options, env);
      const apps = await admin.apps();
      for (let at = 0; at < apps.length; at += AT_ONCE) {
        const page = apps.slice(at, at + AT_ONCE);
        const policies = await Promise.all(page.map(({ appId }) => policyOf(admin, appId)));
        for (const [n, app] of page.entries()) {
          const made = new Date(app.createdAt).toISOString();
          const open = policies[n]?.register === "open";
          const line = `${app.appId}  ${made}  ${app.name}`;
          context.output.result({ ...app, open }, open ? `${line}  (open)` : line);
          if (open)
            context.output.note(
              `Any device that knows ${app.appId} may register. To close it: pushmesh app policy ${app.appId} --reset`,
            );
        }
      }
    });
  return withExamples(command, "pushmesh app list", "pushmesh app list --json");
}
