/** The `pushmesh` command. Each command has a file in commands/. */
import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { adminAudit } from "./commands/admin/audit.ts";
import { credentialCreate } from "./commands/admin/credential-create.ts";
import { credentialList } from "./commands/admin/credential-list.ts";
import { credentialRevoke } from "./commands/admin/credential-revoke.ts";
import { aliasSet } from "./commands/alias/set.ts";
import { aliasShow } from "./commands/alias/show.ts";
import { aliasUnset } from "./commands/alias/unset.ts";
import { appCreate } from "./commands/app/create.ts";
import { appDelete } from "./commands/app/delete.ts";
import { appList } from "./commands/app/list.ts";
import { appPolicy } from "./commands/app/policy.ts";
import { appQuota } from "./commands/app/quota.ts";
import { appShow } from "./commands/app/show.ts";
import { backup } from "./commands/backup.ts";
import { broadcast } from "./commands/broadcast.ts";
import { directory } from "./commands/directory.ts";
import { exportData } from "./commands/export.ts";
import { grant } from "./commands/grant.ts";
import { importData } from "./commands/import.ts";
import { keyCreate } from "./commands/key/create.ts";
import { keyList } from "./commands/key/list.ts";
import { keyRevoke } from "./commands/key/revoke.ts";
import { listen } from "./commands/listen.ts";
import { send } from "./commands/send.ts";
import { smoke } from "./commands/smoke.ts";
import { status } from "./commands/status.ts";
import { tagAdd } from "./commands/tag/add.ts";
import { tagLive } from "./commands/tag/live.ts";
import { tagRemove } from "./commands/tag/remove.ts";
import { tagShow } from "./commands/tag/show.ts";
import { asFailure, commanderExit } from "./sdk-failures.ts";

function version(): string {
  // Beside cli/ in a clone, two above dist/cli/ in the package.
  for (const path of ["../package.json", "../../package.json"]) {
    try {
      return JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8")).version;
    } catch {
      // Try the other path.
    }
  }
  return "unknown";
}

const { env } = process;

const app = new Command("app")
  .description("manage the apps of the mesh")
  .addCommand(appCreate(env))
  .addCommand(appList(env))
  .addCommand(appShow(env))
  .addCommand(appPolicy(env))
  .addCommand(appQuota(env))
  .addCommand(appDelete(env));
const key = new Command("key")
  .description("manage the keys that app servers sign with")
  .addCommand(keyCreate(env))
  .addCommand(keyList(env))
  .addCommand(keyRevoke(env));
const credential = new Command("credential")
  .description("manage the credentials of operators")
  .addCommand(credentialCreate(env))
  .addCommand(credentialList(env))
  .addCommand(credentialRevoke(env));
const admin = new Command("admin")
  .description("manage who may operate the mesh, and see what was changed")
  .addCommand(credential)
  .addCommand(adminAudit(env));
const tag = new Command("tag")
  .description("manage the tags of an app: their members, and who may listen to them")
  .addCommand(tagAdd(env))
  .addCommand(tagRemove(env))
  .addCommand(tagShow(env))
  .addCommand(tagLive(env));
const alias = new Command("alias")
  .description("manage the aliases of an app, and who holds them")
  .addCommand(aliasSet(env))
  .addCommand(aliasUnset(env))
  .addCommand(aliasShow(env));
const program = new Command("pushmesh")
  .description(
    "Client of a push mesh: run a device, send, broadcast, manage apps and keys, back up data.",
  )
  .version(version())
  .addCommand(listen(env))
  .addCommand(send(env))
  .addCommand(broadcast(env))
  .addCommand(status(env))
  .addCommand(tag)
  .addCommand(alias)
  .addCommand(grant(env))
  .addCommand(directory(env))
  .addCommand(app)
  .addCommand(key)
  .addCommand(admin)
  .addCommand(smoke(env))
  .addCommand(backup(env))
  .addCommand(exportData(env))
  .addCommand(importData(env))
  .addHelpText(
    "after",
    "\nTo run the mesh itself, use npm start in a clone of pushmesh. For examples, see pushmesh <command> --help.",
  );

/** commander throws instead of exiting only if told so for each command. */
function throwing(command: Command): void {
  command.exitOverride();
  command.commands.forEach(throwing);
}
throwing(program);

// The reader of a pipe may stop early: `pushmesh listen | head -1`.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  process.exit(error.code === "EPIPE" ? 0 : 1);
});

function fail(error: unknown): void {
  if (error instanceof CommanderError) {
    process.exitCode = commanderExit(error);
    return;
  }
  const failure = asFailure(error);
  if (failure === undefined) throw error;
  const { code, message, advice, exitCode } = failure;
  if (process.argv.includes("--json")) {
    process.stderr.write(`${JSON.stringify({ error: { code, message, advice } })}\n`);
  } else {
    process.stderr.write(`pushmesh: ${message} (${code})\n`);
    if (advice !== undefined) process.stderr.write(`          ${advice}\n`);
  }
  process.exitCode = exitCode;
}

await program.parseAsync().catch(fail);
