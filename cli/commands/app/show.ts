/** `pushmesh app show` */
import { Command } from "commander";
import type { AdminOptions } from "../../admin.ts";
import { keyLine, readApp } from "../../app.ts";
import type { AppOptions } from "../../context.ts";
import { withAdmin, withApp, withExamples } from "../../options.ts";
import { dateText } from "../../terminal-text.ts";
import { quotaText } from "./quota.ts";

export function appShow(env: NodeJS.ProcessEnv): Command {
  const command = withApp(withAdmin(new Command("show")))
    .description("show an app and its keys, without secrets; needs the admin token")
    .action(async (options: AppOptions & AdminOptions) => {
      const { app, output } = await readApp(options, env);
      const { appId, name, createdAt, keys, quota, revokedGrants = 0, closedTags = [] } = app;
      const lines = [`${appId}  ${dateText(createdAt)}  ${name}`, ...keys.map(keyLine)];
      if (quota) lines.push(`quota  ${quotaText(quota)}`);
      if (revokedGrants > 0) lines.push(`revoked grants  ${revokedGrants}`);
      for (const tag of closedTags) lines.push(`closed tag  ${tag}`);
      output.result(app, lines.join("\n"));
    });
  return withExamples(command, "pushmesh app show --app <appId>");
}
