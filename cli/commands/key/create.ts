/** `pushmesh key create` */
import { Command } from "commander";
import { type AdminOptions, adminOf } from "../../admin.ts";
import { type AppOptions, appOf, contextOf } from "../../context.ts";
import { saveKey } from "../../files/credentials.ts";
import { withAdmin, withApp, withExamples } from "../../options.ts";

interface KeyCreateOptions extends AppOptions, AdminOptions {
  readonly publicKey?: string;
  readonly save: boolean;
}

export function keyCreate(env: NodeJS.ProcessEnv): Command {
  const command = withApp(withAdmin(new Command("create")))
    .description("create a key for an app server to sign with; needs the admin token")
    .option("--public-key <base64url>", "add this Ed25519 public key instead of a new HMAC secret")
    .option("--no-save", "do not save the secret for later commands")
    .action(async (options: KeyCreateOptions) => {
      const context = contextOf(options, env);
      const appId = appOf(context, options, env);
      const admin = adminOf(context, options, env);
      const { publicKey } = options;
      const made = await admin.createKey(
        appId,
        publicKey === undefined
          ? { algorithm: "hmac-sha256" }
          : { algorithm: "ed25519", publicKey },
      );
      const { keyId, secret } = made;
      const lines = [`keyId   ${keyId}`, ...(secret === undefined ? [] : [`secret  ${secret}`])];
      context.output.result(made, lines.join("\n"));
      if (secret === undefined) return;
      context.output.note("The mesh never shows this secret again.");
      if (options.save)
        context.output.note(`Saved in ${saveKey(env, context.url, appId, { keyId, secret })}`);
    });
  return withExamples(
    command,
    "pushmesh key create --app <appId>",
    "pushmesh key create --app <appId> --public-key <32 bytes in base64url>",
  );
}
