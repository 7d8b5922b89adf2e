/** The server SDK, set up for a command. */
import { PushServer } from "../sdk/server/push-server.ts";
import { type Context, type KeyOptions, sendingKeyOf } from "./context.ts";
import { httpFetch } from "./mesh/http-fetch.ts";
import { reasonOf } from "./sdk-failures.ts";

/**
 * How long a command retries: as long as a mesh may take to restart. Operator commands try once, because a retry could create
 * an app or a key twice.
 */
const RETRY_FOR_MS = 30_000;

/**
 * Says once per call that it is retrying, so that the user knows what it waits for.
 *
 * @throws CliFailure if there is no key to sign with.
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
    host: { fetch: httpFetch() },
    onRetry(error, attempt) {
      if (attempt > 1) return;
      const seconds = RETRY_FOR_MS / 1_000;
      output.note(
        `cannot reach ${url} (${reasonOf(error)}); retrying for up to ${seconds} s, Ctrl-C stops`,
      );
    },
  });
}
