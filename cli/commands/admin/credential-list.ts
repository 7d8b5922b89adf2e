/** `pushmesh admin credential list` */
import { Command } from "commander";
import type { CredentialBody } from "../../../schema/http.ts";
import { type AdminOptions, adminOf } from "../../admin.ts";
import { contextOf } from "../../context.ts";
import { withAdmin, withExamples } from "../../options.ts";
import { dateText, nameText } from "../../terminal-text.ts";

function lineOf({ credentialId, name, role, expiresAt, usedAt }: CredentialBody): string {
  const end =
    expiresAt === null
      ? "never expires"
      : `${expiresAt <= Date.now() ? "expired" : "expires"} ${dateText(expiresAt)}`;
  const used = usedAt === null ? "never used" : `used ${dateText(usedAt)}`;
  return `${credentialId}  ${role.padEnd(8)}  ${end}  ${used}  ${nameText(name)}`;
}

export function credentialList(env: NodeJS.ProcessEnv): Command {
  const command = withAdmin(new Command("list"))
    .description("list the credentials of operators, oldest first; needs the token of an owner")
    .action(async (options: AdminOptions) => {
      const context = contextOf(options, env);
      for (const credential of await adminOf(context, options, env).credentials())
        context.output.result(credential, lineOf(credential));
    });
  return withExamples(command, "pushmesh admin credential list --json");
}
