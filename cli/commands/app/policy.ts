/** `pushmesh app policy` */
import { Command, InvalidArgumentError, Option } from "commander";
import { POLICY_RULES } from "../../../schema/http/enums.ts";
import type { MeshAdmin } from "../../../sdk/server/admin.ts";
import { type AdminOptions, adminOf } from "../../admin.ts";
import { appOf, contextOf } from "../../context.ts";
import { usageFailure } from "../../failure.ts";
import { withAdmin, withExamples } from "../../options.ts";

type Policy = Awaited<ReturnType<MeshAdmin["policy"]>>;
type PrefixRule = Policy["alias"][number];
type Rule = PrefixRule["rule"];

interface PolicyOptions extends AdminOptions {
  readonly open?: true;
  readonly reset?: true;
  readonly register?: Rule;
  readonly alias?: readonly PrefixRule[];
  readonly tag?: readonly PrefixRule[];
  readonly receipts?: "on" | "off";
}

const RESET: Policy = { register: "granted", alias: [], tag: [] };
const EVERY_NAME: readonly PrefixRule[] = [{ prefix: "", rule: "open" }];
const OPEN: Policy = { register: "open", alias: EVERY_NAME, tag: EVERY_NAME };

const isRule = (text: string): text is Rule => POLICY_RULES.some((rule) => rule === text);

/** `news/=open`; the prefix may itself contain "=", or be empty. */
function prefixRule(text: string, before: readonly PrefixRule[] = []): PrefixRule[] {
  const at = text.lastIndexOf("=");
  const [prefix, rule] = [text.slice(0, at), text.slice(at + 1)];
  if (at < 0 || !isRule(rule))
    throw new InvalidArgumentError(`Give PREFIX=RULE, with a rule of ${POLICY_RULES.join(", ")}.`);
  return [...before, { prefix, rule }];
}

/** Later rules replace earlier ones of the same prefix. */
const merged = (
  standing: readonly PrefixRule[],
  given: readonly PrefixRule[] = [],
): PrefixRule[] => [
  ...new Map([...standing, ...given].map((each) => [each.prefix, each])).values(),
];

function linesOf(kind: string, rules: readonly PrefixRule[]): string[] {
  const lines = rules.map(({ prefix, rule }) => `${kind} ${JSON.stringify(prefix)}…  ${rule}`);
  // An empty prefix is that of every name.
  const isWhole = rules.some(({ prefix }) => prefix === "");
  return isWhole ? lines : [...lines, `${kind}, all others  granted`];
}

const textOf = ({ register, alias, tag, receipts }: Policy): string =>
  [
    `register  ${register}`,
    ...linesOf("alias", alias),
    ...linesOf("tag", tag),
    `receipts  ${receipts === true ? "on" : "off"}, unless a message says`,
  ].join("\n");

export function appPolicy(env: NodeJS.ProcessEnv): Command {
  const rules = POLICY_RULES.join(", ");
  const command = withAdmin(new Command("policy"))
    .description(
      "show or change who may register, hold aliases and join tags, and if messages have receipts; needs the admin token",
    )
    .argument("[appId]", "default: $PUSHMESH_APP, or the demo app")
    .option("--open", "let any device that knows the appId do everything")
    .option("--reset", "ask for a grant for everything, before the other options apply")
    .addOption(new Option("--register <rule>", "who may register").choices(POLICY_RULES))
    .option(
      "--alias <prefix=rule>",
      `who may hold aliases with this prefix: ${rules}; repeatable`,
      prefixRule,
    )
    .option(
      "--tag <prefix=rule>",
      `who may join tags with this prefix: ${rules}; repeatable`,
      prefixRule,
    )
    .addOption(
      new Option(
        "--receipts <switch>",
        "whether messages that do not say it have receipts",
      ).choices(["on", "off"]),
    )
    .action(async (named: string | undefined, options: PolicyOptions) => {
      const { open, reset, register, alias, tag, receipts } = options;
      const context = contextOf(options, env);
      const appId = appOf(context, named === undefined ? {} : { app: named }, env);
      const changes = [reset, register, alias, tag, receipts].some((each) => each !== undefined);
      if (open === true && changes) throw usageFailure("--open: give no other change with it");
      const admin = adminOf(context, options, env);
      const start = open === true ? OPEN : reset === true ? RESET : await admin.policy(appId);
      if (open !== true && !changes) {
        context.output.result(start, textOf(start));
        return;
      }
      const policy = await admin.setPolicy(appId, {
        register: register ?? start.register,
        alias: merged(start.alias, alias),
        tag: merged(start.tag, tag),
        ...((receipts === undefined ? start.receipts : receipts === "on") && { receipts: true }),
      });
      context.output.result(policy, textOf(policy));
    });
  return withExamples(
    command,
    "pushmesh app policy <appId>",
    "pushmesh app policy <appId> --register granted --alias user/=server --tag news/=open",
    "pushmesh app policy <appId> --reset",
  );
}
