/** `pushmesh app quota` */
import { Command, InvalidArgumentError } from "commander";
import type { QuotaAnswerBody as Quota } from "../../../schema/http.ts";
import { LIMITS } from "../../../schema/limits.ts";
import { type AdminOptions, adminOf } from "../../admin.ts";
import { type AppOptions, appOf, contextOf } from "../../context.ts";
import { usageFailure } from "../../failure.ts";
import { wholeNumber, withAdmin, withApp, withExamples } from "../../options.ts";

interface QuotaOptions extends AppOptions, AdminOptions {
  readonly perSecond?: number;
  readonly burst?: number;
  readonly queueSeconds?: number;
  readonly none?: boolean;
}

/** @returns undefined to show the quota, null to end it */
function quotaOf(options: QuotaOptions): Quota | null | undefined {
  const { perSecond, burst, queueSeconds, none } = options;
  if (none === true) {
    if (perSecond === undefined && burst === undefined && queueSeconds === undefined) return null;
    throw usageFailure("--none ends the quota: give it alone");
  }
  if (perSecond === undefined && burst === undefined && queueSeconds === undefined)
    return undefined;
  if (perSecond === undefined || burst === undefined) {
    throw usageFailure("--per-second and --burst go together");
  }
  return { perSecond, burst, ...(queueSeconds === undefined ? {} : { queueSeconds }) };
}

function sendsPerSecond(text: string): number {
  const value = /^\d*\.?\d+$/.test(text) ? Number(text) : Number.NaN;
  const { QUOTA_PER_SECOND_MIN: least, QUOTA_PER_SECOND_MAX: most } = LIMITS;
  if (value >= least && value <= most) return value;
  throw new InvalidArgumentError(`Give a number from ${least} to ${most}.`);
}

export function quotaText({ perSecond, burst, queueSeconds }: Quota): string {
  const queue = queueSeconds === undefined ? "" : `; more is queued for ${queueSeconds} s at most`;
  return `${perSecond} sends a second, ${burst} at once${queue}`;
}

export function appQuota(env: NodeJS.ProcessEnv): Command {
  const command = withApp(withAdmin(new Command("quota")))
    .description("show or set how many sends an app may make; needs the admin token")
    .option("--per-second <n>", "sends a second on average; may be a fraction", sendsPerSecond)
    .option("--burst <n>", "sends at once", wholeNumber(1, LIMITS.QUOTA_BURST_MAX))
    .option(
      "--queue-seconds <n>",
      "how long messages over the quota may wait; without it they are refused",
      wholeNumber(1, LIMITS.QUOTA_QUEUE_SECONDS_MAX),
    )
    .option("--none", "end the quota")
    .action(async (options: QuotaOptions) => {
      const context = contextOf(options, env);
      const admin = adminOf(context, options, env);
      const appId = appOf(context, options, env);
      const given = quotaOf(options);
      if (given !== undefined) await admin.setQuota(appId, given);
      const quota = given === undefined ? (await admin.app(appId)).quota : given;
      const text = quota === null ? "no quota" : quotaText(quota);
      context.output.result({ appId, quota }, `${appId}  ${text}`);
    });
  return withExamples(
    command,
    "pushmesh app quota --app <appId> --per-second 50 --burst 500",
    "pushmesh app quota --app <appId> --per-second 50 --burst 500 --queue-seconds 120",
    "pushmesh app quota --app <appId> --none",
  );
}
