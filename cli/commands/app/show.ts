/** `pushmesh app show`, and `pushmesh key list`, which is the part of it that is the keys. */
import { Command } from "commander";
import type { MeshAdmin } from "../../../sdk/server/admin.ts";
import { type AdminOptions, adminOf } from "../../admin.ts";
import { type AppOptions, appOf, contextOf } from "../../context.ts";
import { withAdmin, withApp, withExamples } from "../../options.ts";

type Shown = Awaited<ReturnType<MeshAdmin["app"]>>;
type Key = Shown["keys"][number];

const timeOf = (at: number): string => new Date(at).toISOString();
const keyLine = ({ keyId, algorithm, createdAt }: Key): string =>
  `${keyId}  ${timeOf(createdAt)}  ${algorithm}`;

/** Reads one app for a command, and what to print it with. */
async function read(options: AppOptions & AdminOptions, env: NodeJS.ProcessEnv) {
  const context = contextOf(options, env);
  const admin = adminOf(context, options, env);
  return { app: await admin.app(appOf(context, options, env)), output: context.output };
}

export function appShow(env: NodeJS.ProcessEnv): Command {
  const command = withApp(withAdmin(new Command("show")))
    .description("show an app and its keys, without secrets; needs the admin token")
    .action(async (options: AppOptions & AdminOptions) => {
      const { app, output } = await read(options, env);
      const { appId, name, createdAt, keys } = app;
      const lines = [`${appId}  ${timeOf(createdAt)}  ${name}`, ...keys.map(keyLine)];
      output.result(app, lines.join("\n"));
    });
  return withExamples(command, "pushmesh app show --app <appId>");
}

export function keyList(env: NodeJS.ProcessEnv): Command {
  const command = withApp(withAdmin(new Command("list")))
    .description("list the keys of an app, oldest first; needs the admin token")
    .action(async (options: AppOptions & AdminOptions) => {
      const { app, output } = await read(options, env);
      for (const key of app.keys) output.result(key, keyLine(key));
    });
  return withExamples(command, "pushmesh key list --app <appId>", "pushmesh key list --json");
}
