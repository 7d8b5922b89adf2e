/** `pushmesh app quota` */
import { Command } from "commander";
import { type AdminOptions, adminOf } from "../../admin.ts";
import { type AppOptions, appOf, contextOf } from "../../context.ts";
import { usageFailure } from "../../failure.ts";
import { withAdmin, withApp, withExamples } from "../../options.ts";

interface QuotaOptions extends AppOptions, AdminOptions {
  readonly perSecond?: string;
  readonly burst?: string;
  readonly none?: boolean;
}

type Quota = { readonly perSecond: number; readonly burst: number };

/** @returns undefined to show the quota, null to end it */
function quotaOf({ perSecond, burst, none }: QuotaOptions): Quota | null | undefined {
  if (none === true) {
    if (perSecond === undefined && burst === undefined) return null;
    throw usageFailure("--none ends the quota: give it alone");
  }
  if (perSecond === undefined && burst === undefined) return undefined;
  if (perSecond === undefined || burst === undefined) {
    throw usageFailure("--per-second and --burst go together");
  }
  const quota = { perSecond: Number(perSecond), burst: Number(burst) };
  for (const [name, value] of Object.entries(quota)) {
    if (!Number.isFinite(value)) throw usageFailure(`${name}: ${value} must be a number`);
  }
  return quota;
}

export function appQuota(env: NodeJS.ProcessEnv): Command {
  const command = withApp(withAdmin(new Command("quota")))
    .description("show or set how many sends an app may make; needs the admin token")
    .option("--per-second <n>", "sends a second on average; may be a fraction")
    .option("--burst <n>", "sends at once")
    .option("--none", "end the quota")
    .action(async (options: QuotaOptions) => {
      const context = contextOf(options, env);
      const admin = adminOf(context, options, env);
      const appId = appOf(context, options, env);
      const given = quotaOf(options);
      if (given !== undefined) await admin.setQuota(appId, given);
      const quota = given === undefined ? (await admin.app(appId)).quota : given;
      const text =
        quota === null ? "no quota" : `${quota.perSecond} sends a second, ${quota.burst} at once`;
      context.output.result({ appId, quota }, `${appId}  ${text}`);
    });
  return withExamples(
    command,
    "pushmesh app quota --app <appId> --per-second 50 --burst 500",
    "pushmesh app quota --app <appId> --none",
  );
}
