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
  if (state === "waiting") {
    const seconds = ((retryInMs ?? 0) / 1_000).toFixed(1);
    output.note(`not connected: ${error?.message ?? "link lost"} Next try in ${seconds} s.`);
  } else if (state === "connected") {
    output.note("connected; Ctrl-C ends");
  }
}

/** Resolves with the error that ended the link for good. */
function endOf(client: PushClient, output: Output): Promise<Error | undefined> {
  return new Promise((done) => {
    client.onState((change) => {
      showState(change, output);
      if (change.state === "closed") done(change.error);
    });
  });
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
      const listening = (async () => {
        let shown = await client.register();
        const show = (regId: string) => output.result({ regId }, `regId  ${regId}`);
        show(shown);
        client.onRegId((regId) => {
          if (regId !== shown) show(regId);
          shown = regId;
        });
        client.onMessage((message) =>
          output.result(messageJson(message), messageLine(message, Date.now())),
        );
        return closed;
      })();
      const error = await Promise.race([listening, closed, ended]);
      await client.close();
      listening.catch(() => {}); // Its register may have waited for a network.
      lock.release();
      if (error !== undefined) throw error;
    });
  return withExamples(
    command,
    "pushmesh listen",
    "pushmesh listen --json --state ./second-device",
    "pushmesh listen --url https://push.example.com --app <appId>",
  );
}
