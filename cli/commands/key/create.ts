/** `pushmesh key create` */
import { Command, Option } from "commander";
import { KEY_SCOPES, type Scope } from "../../../schema/http/enums.ts";
import { type AdminOptions, adminOf } from "../../admin.ts";
import { expiryText } from "../../app.ts";
import { type AppOptions, appOf, contextOf } from "../../context.ts";
import { saveKey } from "../../files/credentials.ts";
import { expiryTime, withAdmin, withApp, withExamples } from "../../options.ts";

interface KeyCreateOptions extends AppOptions, AdminOptions {
  readonly publicKey?: string;
  readonly scope?: Scope[];
  /** Milliseconds since 1970. */
  readonly expires?: number;
  readonly save: boolean;
}

export function keyCreate(env: NodeJS.ProcessEnv): Command {
  const command = withApp(withAdmin(new Command("create")))
    .description("create a key for an app server to sign with; needs the admin token")
    .option("--public-key <base64url>", "add this Ed25519 public key instead of a new HMAC secret")
    .addOption(
      new Option(
        "--scope <name...>",
        "what the key may sign: messages and their status; changes of aliases, tags and registrations; reads; listen tokens and grants (default: all)",
      ).choices(KEY_SCOPES),
    )
    .option(
      "--expires <time>",
      "when the key expires: 90d, 12h, 30m or a date such as 2027-01-31 (default: never)",
      expiryTime,
    )
    .option("--no-save", "do not save the secret for later commands")
    .action(async (options: KeyCreateOptions) => {
      const context = contextOf(options, env);
      const appId = appOf(context, options, env);
      const admin = adminOf(context, options, env);
      const { publicKey, scope, expires } = options;
      const rights = {
        ...(scope === undefined ? {} : { scopes: [...new Set(scope)] }),
        ...(expires === undefined ? {} : { expiresAt: expires }),
      };
      const made = await admin.createKey(
        appId,
        publicKey === undefined
          ? { algorithm: "hmac-sha256", ...rights }
          : { algorithm: "ed25519", publicKey, ...rights },
      );
      const { keyId, secret } = made;
      const lines = [
        `keyId   ${keyId}`,
        ...(secret === undefined ? [] : [`secret  ${secret}`]),
        `scopes  ${made.scopes.join(",")}`,
        ...(made.expiresAt === null ? [] : [expiryText(made.expiresAt)]),
      ];
      context.output.result(made, lines.join("\n"));
      if (secret === undefined) return;
      context.output.note("The mesh never shows this secret again.");
      if (options.save)
        context.output.note(`Saved in ${saveKey(env, context.url, appId, { keyId, secret })}`);
    });
  return withExamples(
    command,
    "pushmesh key create --app <appId>",
    "pushmesh key create --app <appId> --scope send --expires 90d",
    "pushmesh key create --app <appId> --public-key <32 bytes in base64url>",
  );
}
