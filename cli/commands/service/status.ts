/** `pushmesh service status` */
import { Command } from "commander";
import { askStatus } from "../../../sdk/device/daemon/dial.ts";
import type { ServiceStatus } from "../../../sdk/device/daemon/greeting.ts";
import type { PushError } from "../../../sdk/device/mod.ts";
import { CliFailure, EXIT } from "../../failure.ts";
import { withExamples } from "../../options.ts";
import { outputFor } from "../../output.ts";
import { type PlaceOptions, placeOf } from "../../service/folder.ts";
import { nameText } from "../../terminal-text.ts";
import { withPlace } from "./place.ts";

function textOf({ pid, startedAt, endpoints, state, error, apps }: ServiceStatus): string {
  const why = error === undefined ? "" : `: ${error.message}`;
  return [
    `running    process ID ${pid}, since ${new Date(startedAt).toISOString()}`,
    `mesh       ${endpoints.join(" ")}  ${state}${why}`,
    `apps       ${apps.length}`,
    ...apps.map((appId) => `           ${nameText(appId)}`),
  ].join("\n");
}

export function serviceStatus(env: NodeJS.ProcessEnv): Command {
  const command = withPlace(new Command("status"))
    .description("show the push service of this user: its process, its link and its apps")
    .option("--json", "print one JSON object per line")
    .action(async (options: PlaceOptions & { readonly json?: boolean }) => {
      const { socket } = placeOf(options, env);
      const status = await askStatus(socket).catch(({ code, message }: PushError) => {
        throw new CliFailure(EXIT.network, String(code), message);
      });
      outputFor(options.json === true).result(status, textOf(status));
    });
  return withExamples(command, "pushmesh service status", "pushmesh service status --json");
}
