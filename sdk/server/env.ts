/** Settings from environment variables: the same that the command `pushmesh` reads. */
import { optionError } from "./errors.ts";
import type { PushServerOptions } from "./signed-calls.ts";

/** Environment variables, such as `process.env`, or the `env` of a Worker. */
export type Environment = Readonly<Record<string, unknown>>;

const VARIABLES = { url: "PUSHMESH_URL", keyId: "PUSHMESH_KEY_ID", key: "PUSHMESH_KEY" } as const;

/** @throws PushServerError `option_invalid` that names the variable that is missing */
export function optionsFromEnv(
  options: Partial<PushServerOptions>,
  // Node, Bun and Deno have it; on Workers, it has the variables if `nodejs_compat` is on.
  env: Environment = globalThis.process?.env ?? {},
): PushServerOptions {
  const read = (option: keyof typeof VARIABLES): string => {
    const name = VARIABLES[option];
    const value = env[name];
    if (typeof value === "string" && value !== "") return value;
    throw optionError(`${option}: must be given, or set ${name}`);
  };
  return {
    ...options,
    url: options.url ?? read("url"),
    keyId: options.keyId ?? read("keyId"),
    key: options.key ?? read("key"),
  };
}
