/** `pushmesh key revoke` */
import { Command } from "commander";
import { MeshAdmin } from "../../sdk/server/admin.ts";
import { adminTokenOf, appOfKey, type CommonOptions, contextOf } from "../context.ts";
import { forgetKey } from "../credentials.ts";
import { withExamples, withMesh } from "../options.ts";

export function keyRevoke(env: NodeJS.ProcessEnv): Command {
  const command = withMesh(new Command("revoke"))
    .description("revoke a key; the mesh refuses it within 30 s. Needs the mesh's admin token")
    .argument("<keyId>", "as pushmesh key create printed it")
    .action(async (keyId: string, options: CommonOptions) => {
      const context = contextOf(options, env);
      const admin = new MeshAdmin({ url: context.url, token: adminTokenOf(context, env) });
      await admin.revokeKey(appOfKey(keyId), keyId);
      forgetKey(env, context.url, keyId);
      context.output.result({ keyId, revoked: true }, `revoked  ${keyId}`);
    });
  return withExamples(command, "pushmesh key revoke <appId>.k1");
}
