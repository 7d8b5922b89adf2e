/** `pushmesh listen` */
import { join, resolve } from "node:path";
import { Command } from "commander";
import { connect, fileStorage, type PushClient, type StateChange } from "../../sdk/device/node.ts";
import { type AppOptions, appOf, type Context, contextOf } from "../context.ts";
import { configFolder } from "../credentials.ts";
import { CliFailure, usageFailure } from "../failure.ts";
import { takeLock } from "../lock.ts";
import { messageJson, messageLine } from "../message-data.ts";
import { withApp, withExamples, withMesh } from "../options.ts";
import type { Output } from "../output.ts";
import { makePrivateFolder } from "../private-file.ts";
import { interrupted } from "../signals.ts";

interface ListenOptions extends AppOptions {
  readonly state?: string;
}

/** A folder for each mesh and app, unless one is named. */
function stateFolder(
  { url }: Context,
  appId: string,
  named: string | undefined,
  env: NodeJS.ProcessEnv,
): string {
  if (named !== undefined) return resolve(named);
  const mesh = new URL(url).host.replaceAll(/[^A-Za-z0-9.-]/g, "_");
  return join(configFolder(env), "devices", `${mesh}-${appId}`);
}

/** @throws CliFailure where another process is this device already: they would take the link from each other in turns. */
function lockFolder(folder: string) {
  try {
    makePrivateFolder(folder);
    const lock = takeLock(join(folder, "lock"));
    if (lock !== undefined) return lock;
  } catch (error) {
    throw usageFailure(`the state folder ${folder} cannot be written: ${(error as Error).message}`);
  }
  throw new CliFailure(
    1,
    "already_listening",
    `another pushmesh listen uses ${folder}`,
    "End it, or give this one a folder of its own with --state.",
  );
}

function showState({ state, error, retryInMs }: StateChange, output: Output): void {
  if (state !== "waiting") return;
  const seconds = ((retryInMs ?? 0) / 1_000).toFixed(1);
  output.note(`not connected: ${error?.message ?? "link lost"} Next try in ${seconds} s.`);
}

/** Shows why the link is down while it is; resolves with the error that ended it for good. */
function endOf(client: PushClient, output: Output): Promise<Error | undefined> {
  return new Promise((done) => {
    client.onState((change) => {
      showState(change, output);
      if (change.state === "closed") done(change.error);
    });
  });
}

/** Registers, then prints the regId and all that comes. */
async function printMessages(client: PushClient, output: Output): Promise<void> {
  let shown = await client.register();
  const show = (regId: string) => output.result({ regId }, `regId  ${regId}`);
  show(shown);
  output.note("waiting for messages; Ctrl-C ends");
  client.onRegId((regId) => {
    if (regId !== shown) show(regId);
    shown = regId;
  });
  client.onState(({ state }) => {
    if (state === "connected") output.note("connected again");
  });
  client.onMessage((message) =>
    output.result(messageJson(message), messageLine(message, Date.now())),
  );
}

export function listen(env: NodeJS.ProcessEnv): Command {
  const command = withApp(withMesh(new Command("listen")))
    .description("be a device: register with an app and print each message")
    .option(
      "--state <dir>",
      "folder that keeps the device's key and regId (default: in ~/.config/pushmesh)",
    )
    .action(async (options: ListenOptions) => {
      const context = contextOf(options, env);
      const { output, url } = context;
      const appId = appOf(context, options, env);
      const folder = stateFolder(context, appId, options.state, env);
      const lock = lockFolder(folder);
      const ended = interrupted();
      const client = await connect({ url, appId, storage: fileStorage(join(folder, "device")) });
      const closed = endOf(client, output);
      client.onError((error) => output.note(`error: ${error.message}`));
      try {
        const printing = printMessages(client, output).then(() => closed);
        const error = await Promise.race([printing, closed, ended]);
        // Without a network it may still wait to register; closing ends that with an error of its own.
        printing.catch(() => {});
        if (error !== undefined) throw error;
      } finally {
        await client.close();
        lock.release();
      }
    });
  return withExamples(
    command,
    "pushmesh listen",
    "pushmesh listen --json --state ./second-device",
    "pushmesh listen --url https://push.example.com --app <appId>",
  );
}
