/** The app server that a command is. */
import { PushServer } from "../sdk/server/push-server.ts";
import { type Context, type KeyOptions, sendingKeyOf } from "./context.ts";
import { reasonOf } from "./errors.ts";

/**
 * For how long a command tries to reach its mesh: as long as that may take to start again. Commands of the operator try once, since
 * what they make would be made twice.
 */
const RETRY_FOR_MS = 30_000;

/**
 * It says so, once a call, where a call is tried again: whoever waits for a prompt is to know what for.
 *
 * @throws CliFailure where there is no key to sign with.
 */
export function serverOf(
  context: Context,
  options: KeyOptions,
  env: NodeJS.ProcessEnv,
): PushServer {
  const { url, output } = context;
  return new PushServer({
    url,
    ...sendingKeyOf(context, options, env),
    retryForMs: RETRY_FOR_MS,
    onRetry(error, attempt) {
      if (attempt > 1) return;
      const seconds = RETRY_FOR_MS / 1_000;
      output.note(
        `cannot reach ${url} (${reasonOf(error)}); retrying for up to ${seconds} s, Ctrl-C stops`,
      );
    },
  });
}
