/** `pushmesh admin credential revoke` */
import { Command } from "commander";
import { type AdminOptions, adminOf } from "../../admin.ts";
import { contextOf } from "../../context.ts";
import { withAdmin, withExamples } from "../../options.ts";

export function credentialRevoke(env: NodeJS.ProcessEnv): Command {
  const command = withAdmin(new Command("revoke"))
    .description("revoke a credential, at once; needs the token of an owner")
    .argument("<credentialId>", "as pushmesh admin credential list prints it")
    .action(async (credentialId: string, options: AdminOptions) => {
      const context = contextOf(options, env);
      await adminOf(context, options, env).revokeCredential(credentialId);
      context.output.result({ credentialId, revoked: true }, `revoked  ${credentialId}`);
    });
  return withExamples(command, "pushmesh admin credential revoke <credentialId>");
}
