/** `pushmesh admin credential create` */
import { Command, Option } from "commander";
import { OPERATOR_ROLES, type OperatorRole } from "../../../schema/http/enums.ts";
import { type AdminOptions, adminOf } from "../../admin.ts";
import { contextOf } from "../../context.ts";
import { wholeNumber, withAdmin, withExamples } from "../../options.ts";

const DAY_MS = 86_400_000;
/** As long as most rules for passwords and keys allow. */
const DEFAULT_DAYS = 90;
/** A hundred years; --no-expiry is what is meant by more. */
const MAX_DAYS = 36_500;

interface CreateOptions extends AdminOptions {
  readonly role: OperatorRole;
  readonly days: number;
  /** False with --no-expiry. */
  readonly expiry: boolean;
}

export function credentialCreate(env: NodeJS.ProcessEnv): Command {
  const command = withAdmin(new Command("create"))
    .description("create a credential for an operator; needs the token of an owner")
    .argument("<name>", "whose it is, for people and the audit log")
    .addOption(
      new Option("--role <role>", "viewer: reads; operator: also apps and keys; owner: everything")
        .choices(OPERATOR_ROLES)
        .default("operator"),
    )
    .option("--days <n>", "how long it is valid", wholeNumber(1, MAX_DAYS), DEFAULT_DAYS)
    .option("--no-expiry", "it is valid until it is revoked")
    .action(async (name: string, options: CreateOptions) => {
      const context = contextOf(options, env);
      const { role, days, expiry } = options;
      const expiresAt = expiry ? Date.now() + days * DAY_MS : null;
      const admin = adminOf(context, options, env);
      const made = await admin.createCredential({ name, role, expiresAt });
      context.output.result(
        made,
        `credentialId  ${made.credentialId}\ntoken         ${made.token}`,
      );
      context.output.note("The mesh never shows this token again.");
      context.output.note("Its owner sets PUSHMESH_ADMIN_TOKEN to it, and PUSHMESH_URL.");
    });
  return withExamples(
    command,
    "pushmesh admin credential create Anna --role viewer",
    "pushmesh admin credential create deploy-bot --days 365",
  );
}
