/** The folder that keeps what a device of `pushmesh listen` is. */
import { join, resolve } from "node:path";
import type { Context } from "../context.ts";
import { CliFailure, usageFailure } from "../failure.ts";
import { configFolder } from "./credentials.ts";
import { type Lock, takeLock } from "./lock.ts";
import { makePrivateFolder } from "./private-file.ts";

/** A folder for each mesh and app, unless one is named. */
export function deviceFolder(
  { url }: Context,
  appId: string,
  named: string | undefined,
  env: NodeJS.ProcessEnv,
): string {
  if (named !== undefined) return resolve(named);
  const mesh = new URL(url).host.replaceAll(/[^A-Za-z0-9.-]/g, "_");
  return join(configFolder(env), "devices", `${mesh}-${appId}`);
}

/** @throws CliFailure if another process already is this device: the two would keep taking the link from each other. */
export function lockFolder(folder: string): Lock {
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
