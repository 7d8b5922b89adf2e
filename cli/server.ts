/** The app server that a command is. */
import { PushServer } from "../sdk/server/push-server.ts";
import { type Context, type KeyOptions, sendingKeyOf } from "./context.ts";

/** @throws CliFailure where there is no key to sign with. */
export const serverOf = (
  context: Context,
  options: KeyOptions,
  env: NodeJS.ProcessEnv,
): PushServer => new PushServer({ url: context.url, ...sendingKeyOf(context, options, env) });
