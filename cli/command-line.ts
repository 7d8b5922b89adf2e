/** The command line: all commands in their groups. */
import { Command } from "commander";
import { adminAudit } from "./commands/admin/audit.ts";
import { credentialCreate } from "./commands/admin/credential-create.ts";
import { credentialList } from "./commands/admin/credential-list.ts";
import { credentialRevoke } from "./commands/admin/credential-revoke.ts";
import { aliasSet } from "./commands/alias/set.ts";
import { aliasShow } from "./commands/alias/show.ts";
import { aliasUnset } from "./commands/alias/unset.ts";
import { appCreate } from "./commands/app/create.ts";
import { appDelete } from "./commands/app/delete.ts";
import { appForgetRevokedGrants } from "./commands/app/forget-revoked-grants.ts";
import { appList } from "./commands/app/list.ts";
import { appPolicy } from "./commands/app/policy.ts";
import { appQuota } from "./commands/app/quota.ts";
import { appShow } from "./commands/app/show.ts";
import { backup } from "./commands/backup.ts";
import { broadcast } from "./commands/broadcast.ts";
import { completion } from "./commands/completion.ts";
import { directory } from "./commands/directory.ts";
import { exportData } from "./commands/export.ts";
import { grant } from "./commands/grant.ts";
import { grantRevoke } from "./commands/grant-revoke.ts";
import { importData } from "./commands/import.ts";
import { init } from "./commands/init.ts";
import { keyCreate } from "./commands/key/create.ts";
import { keyList } from "./commands/key/list.ts";
import { keyRevoke } from "./commands/key/revoke.ts";
import { listen } from "./commands/listen.ts";
import { messageList } from "./commands/message/list.ts";
import { recall } from "./commands/recall.ts";
import { registrationBan } from "./commands/registration/ban.ts";
import { registrationList } from "./commands/registration/list.ts";
import { registrationRemove } from "./commands/registration/remove.ts";
import { registrationUnban } from "./commands/registration/unban.ts";
import { send } from "./commands/send.ts";
import { serve } from "./commands/serve.ts";
import { serviceInstall, serviceUninstall } from "./commands/service/install.ts";
import { service } from "./commands/service/run.ts";
import { serviceStatus } from "./commands/service/status.ts";
import { sign } from "./commands/sign.ts";
import { smoke } from "./commands/smoke.ts";
import { status } from "./commands/status.ts";
import { tagAdd } from "./commands/tag/add.ts";
import { tagLive } from "./commands/tag/live.ts";
import { tagRemove } from "./commands/tag/remove.ts";
import { tagShow } from "./commands/tag/show.ts";
import { webhookCreate } from "./commands/webhook/create.ts";
import { webhookDeadLetters } from "./commands/webhook/dead-letters.ts";
import { webhookDelete } from "./commands/webhook/delete.ts";
import { webhookList } from "./commands/webhook/list.ts";
import { webhookReplay } from "./commands/webhook/replay.ts";
import { webhookRotate } from "./commands/webhook/rotate.ts";
import { webhookShow } from "./commands/webhook/show.ts";
import { webhookTest } from "./commands/webhook/test.ts";
import { withHelp } from "./help.ts";
import { version } from "./mesh/version.ts";

/** commander throws instead of exiting only if told so for each command. */
function throwing(command: Command): void {
  command.exitOverride();
  command.commands.forEach(throwing);
}

/** @param env of the process: where options have their defaults from */
export function commandLine(env: NodeJS.ProcessEnv): Command {
  const app = new Command("app")
    .description("manage the apps of the mesh")
    .addCommand(appCreate(env))
    .addCommand(appList(env))
    .addCommand(appShow(env))
    .addCommand(appPolicy(env))
    .addCommand(appQuota(env))
    .addCommand(appForgetRevokedGrants(env))
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
  const webhook = new Command("webhook")
    .description("manage the URLs that the mesh sends events to")
    .addCommand(webhookCreate(env))
    .addCommand(webhookList(env))
    .addCommand(webhookShow(env))
    .addCommand(webhookDelete(env))
    .addCommand(webhookRotate(env))
    .addCommand(webhookTest(env))
    .addCommand(webhookDeadLetters(env))
    .addCommand(webhookReplay(env));
  const message = new Command("message")
    .description("list messages by their label")
    .addCommand(messageList(env));
  const registration = new Command("registration")
    .description("list the registrations of an app, end them, and ban their devices")
    .addCommand(registrationList(env))
    .addCommand(registrationRemove(env))
    .addCommand(registrationBan(env))
    .addCommand(registrationUnban(env));
  const shared = service(env)
    .enablePositionalOptions()
    .addCommand(serviceStatus(env))
    .addCommand(serviceInstall(env))
    .addCommand(serviceUninstall(env));
  const program: Command = new Command("pushmesh")
    .description(
      "Client of a push mesh: run a device, send, broadcast, manage apps and keys, back up data.",
    )
    .version(version())
    // Otherwise `service` and `grant`, which run by themselves too, take the options of their commands.
    .enablePositionalOptions()
    .addCommand(serve())
    .addCommand(init())
    .addCommand(listen(env))
    .addCommand(shared)
    .addCommand(send(env))
    .addCommand(broadcast(env))
    .addCommand(status(env))
    .addCommand(recall(env))
    .addCommand(sign(env))
    .addCommand(tag)
    .addCommand(alias)
    .addCommand(message)
    .addCommand(registration)
    .addCommand(webhook)
    .addCommand(grant(env).enablePositionalOptions().addCommand(grantRevoke(env)))
    .addCommand(directory(env))
    .addCommand(app)
    .addCommand(key)
    .addCommand(admin)
    .addCommand(smoke(env))
    .addCommand(backup(env))
    .addCommand(exportData(env))
    .addCommand(importData(env))
    .addCommand(completion(() => program))
    .addHelpText(
      "after",
      "\nThe first minute: pushmesh serve, and in other terminals pushmesh listen and pushmesh send. For examples, see pushmesh <command> --help.",
    );

  withHelp(program);
  throwing(program);
  return program;
}
