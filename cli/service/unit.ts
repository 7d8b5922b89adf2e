/** The systemd unit with which a user's manager runs `pushmesh service`. */
import { realpathSync } from "node:fs";
import { join } from "node:path";
import { configHome } from "../../sdk/config-folder.ts";
import { CliFailure, usageFailure } from "../failure.ts";
import type { Place } from "./folder.ts";

export const UNIT = "pushmesh.service";

export const unitFolder = (env: NodeJS.ProcessEnv): string =>
  join(configHome(env), "systemd", "user");

/** The command that runs a push service as this one was called. */
export function serviceCommand({ folder, socket }: Place, url: string): readonly string[] {
  const script = realpathSync(process.argv[1] ?? "");
  const place = ["--folder", folder, "--socket", socket];
  return [process.execPath, script, "service", "--url", url, ...place];
}

/** A word of a command line in a unit, as systemd.service(5) and systemd.unit(5) read it. */
function quoted(word: string): string {
  if (/[\n\r]/.test(word)) throw usageFailure(`no unit can have the path ${JSON.stringify(word)}`);
  return `"${word.replaceAll(/[\\"]/g, "\\$&").replaceAll("%", "%%").replaceAll("$", "$$$$")}"`;
}

export const unitOf = (command: readonly string[]): string => `# Made by pushmesh service install.
[Unit]
Description=Push service for the apps of this user (pushmesh)

[Service]
ExecStart=${command.map(quoted).join(" ")}
Restart=on-failure
RestartSec=5
UMask=0077
NoNewPrivileges=yes

[Install]
WantedBy=default.target
`;

/** @throws CliFailure on a platform without systemd, with the command that something else there has to run */
export function requireSystemd(
  command: readonly string[],
  platform: NodeJS.Platform = process.platform,
): void {
  if (platform === "linux") return;
  throw new CliFailure(
    1,
    "platform_unsupported",
    `pushmesh makes units of systemd only, and none for ${platform}`,
    `Have your system (on macOS, a launchd agent) run: ${command.join(" ")}`,
  );
}
