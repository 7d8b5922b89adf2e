/** `pushmesh key revoke` */
import { Command } from "commander";
import { type AdminOptions, adminOf } from "../../admin.ts";
import { appOfKey, contextOf } from "../../context.ts";
import { forgetKey } from "../../files/credentials.ts";
import { withAdmin, withExamples } from "../../options.ts";

export function keyRevoke(env: NodeJS.ProcessEnv): Command {
  const command = withAdmin(new Command("revoke"))
    .description("revoke a key; the mesh refuses it within 30 s; needs the admin token")
    .argument("<keyId>", "as pushmesh key create printed it")
    .action(async (keyId: string, options: AdminOptions) => {
      const context = contextOf(options, env);
      const admin = adminOf(context, options, env);
      await admin.revokeKey(appOfKey(keyId), keyId);
      forgetKey(env, context.url, keyId);
      context.output.result({ keyId, revoked: true }, `revoked  ${keyId}`);
    });
  return withExamples(command, "pushmesh key revoke <appId>.k1");
}
