/** `pushmesh app quota` */
import { Command, InvalidArgumentError } from "commander";
import { LIMITS } from "../../../schema/limits.ts";
import { type AdminOptions, adminOf } from "../../admin.ts";
import { type AppOptions, appOf, contextOf } from "../../context.ts";
import { usageFailure } from "../../failure.ts";
import { wholeNumber, withAdmin, withApp, withExamples } from "../../options.ts";

interface QuotaOptions extends AppOptions, AdminOptions {
  readonly perSecond?: number;
  readonly burst?: number;
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
  return { perSecond, burst };
}

function sendsPerSecond(text: string): number {
  const value = /^\d*\.?\d+$/.test(text) ? Number(text) : Number.NaN;
  const { QUOTA_PER_SECOND_MIN: least, QUOTA_PER_SECOND_MAX: most } = LIMITS;
  if (value >= least && value <= most) return value;
  throw new InvalidArgumentError(`Give a number from ${least} to ${most}.`);
}

export function appQuota(env: NodeJS.ProcessEnv): Command {
  const command = withApp(withAdmin(new Command("quota")))
    .description("show or set how many sends an app may make; needs the admin token")
    .option("--per-second <n>", "sends a second on average; may be a fraction", sendsPerSecond)
    .option("--burst <n>", "sends at once", wholeNumber(1, LIMITS.QUOTA_BURST_MAX))
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
