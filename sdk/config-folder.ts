/** The folder of a user's configuration. */
import { homedir } from "node:os";
import { join } from "node:path";

/** By the XDG Base Directory Specification. */
export const configHome = (env: Readonly<Record<string, string | undefined>>): string =>
  env["XDG_CONFIG_HOME"] || join(homedir(), ".config");
