/** `pushmesh key create` */
import { existsSync, rmSync } from "node:fs";
import { Command, Option } from "commander";
import { KEY_ALGORITHMS, KEY_SCOPES, type Scope } from "../../../schema/http/enums.ts";
import { type AdminOptions, adminOf } from "../../admin.ts";
import { expiryText } from "../../app.ts";
import { type AppOptions, appOf, contextOf } from "../../context.ts";
import { usageFailure } from "../../failure.ts";
import { saveKey } from "../../files/credentials.ts";
import { writePrivateText } from "../../files/private-file.ts";
import { expiryTime, withAdmin, withApp, withExamples } from "../../options.ts";

interface KeyCreateOptions extends AppOptions, AdminOptions {
  readonly algorithm?: (typeof KEY_ALGORITHMS)[number];
  readonly publicKey?: string;
  readonly keyFile?: string;
  readonly scope?: Scope[];
  /** Milliseconds since 1970. */
  readonly expires?: number;
  readonly save: boolean;
}

/** Makes the file, empty. @throws CliFailure */
function reserve(keyFile: string): void {
  if (existsSync(keyFile)) throw usageFailure(`${keyFile} is there already: name a new file`);
  try {
    writePrivateText(keyFile, "");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw usageFailure(
      `${keyFile} cannot be written (${code}): name another file; no key was made`,
    );
  }
}

export function keyCreate(env: NodeJS.ProcessEnv): Command {
  const command = withApp(withAdmin(new Command("create")))
    .description("create a key for an app server to sign with; needs the admin token")
    .addOption(
      new Option(
        "--algorithm <name>",
        "ed25519 (default): a pair made here, of which the mesh gets the public half; hmac-sha256: a secret that the mesh makes and keeps; bearer: a send token for scripts that cannot sign",
      ).choices(KEY_ALGORITHMS),
    )
    .option("--public-key <base64url>", "add this Ed25519 public key instead of a new pair")
    .option(
      "--key-file <file>",
      "write the secret to this new file, for you alone, instead of printing it",
    )
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
      const { algorithm = "ed25519", publicKey, keyFile, scope, expires } = options;
      if (publicKey !== undefined && (algorithm !== "ed25519" || keyFile !== undefined))
        throw usageFailure("--public-key is an Ed25519 key whose private half you have");
      // Before the key is made: only the file would have its secret.
      if (keyFile !== undefined) reserve(keyFile);
      if (algorithm === "bearer" && scope?.some((name) => name !== "send"))
        throw usageFailure("a send token has the scope send, and no other");
      const rights = {
        ...(scope === undefined ? {} : { scopes: [...new Set(scope)] }),
        ...(expires === undefined ? {} : { expiresAt: expires }),
      };
      const key =
        publicKey === undefined
          ? { algorithm, ...rights }
          : { algorithm: "ed25519" as const, publicKey, ...rights };
      const made = await admin.createKey(appId, key).catch((error: unknown) => {
        if (keyFile !== undefined) rmSync(keyFile, { force: true });
        throw error;
      });
      const { keyId, secret, ...shown } = made;
      if (secret !== undefined && keyFile !== undefined) writePrivateText(keyFile, `${secret}\n`);
      const isPrinted = secret !== undefined && keyFile === undefined;
      const lines = [
        `keyId   ${keyId}`,
        ...(isPrinted ? [`${algorithm === "bearer" ? "token " : "secret"}  ${secret}`] : []),
        `scopes  ${made.scopes.join(",")}`,
        ...(made.expiresAt === null ? [] : [expiryText(made.expiresAt)]),
      ];
      context.output.result(isPrinted ? made : { keyId, ...shown }, lines.join("\n"));
      if (secret === undefined) return;
      const where =
        keyFile === undefined ? "Nobody can show this secret again." : `Written to ${keyFile}.`;
      context.output.note(where);
      if (algorithm === "bearer") {
        const token = isPrinted ? secret : `$(cat '${keyFile}')`;
        const example = `curl -H "Authorization: Bearer ${token}" -d Hello '${context.url}/v1/messages?alias=<alias>'`;
        context.output.note(`Try: ${example}`);
        return;
      }
      if (options.save)
        context.output.note(`Saved in ${saveKey(env, context.url, appId, { keyId, secret })}`);
    });
  return withExamples(
    command,
    "pushmesh key create --app <appId>",
    "pushmesh key create --app <appId> --scope send --expires 90d",
    "pushmesh key create --app <appId> --key-file push.key --no-save",
    "pushmesh key create --app <appId> --algorithm hmac-sha256",
    "pushmesh key create --app <appId> --algorithm bearer --expires 90d",
    "pushmesh key create --app <appId> --public-key <32 bytes in base64url>",
  );
}
