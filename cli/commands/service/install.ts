/** `pushmesh service install` and `pushmesh service uninstall` */
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { type CommonOptions, contextOf } from "../../context.ts";
import { makeFolder } from "../../files/private-file.ts";
import { withExamples, withMesh } from "../../options.ts";
import { outputFor } from "../../output.ts";
import { type PlaceOptions, placeOf } from "../../service/folder.ts";
import { requireSystemd, serviceCommand, UNIT, unitFolder, unitOf } from "../../service/unit.ts";
import { withPlace } from "./place.ts";

export function serviceInstall(env: NodeJS.ProcessEnv): Command {
  const command = withPlace(withMesh(new Command("install")))
    .description("write a systemd unit of this user, which runs the push service")
    .action((options: CommonOptions & PlaceOptions) => {
      const { url, output } = contextOf(options, env);
      const run = serviceCommand(placeOf(options, env), url);
      requireSystemd(run);
      const folder = unitFolder(env);
      const file = join(folder, UNIT);
      makeFolder(folder);
      writeFileSync(file, unitOf(run));
      const next = `systemctl --user daemon-reload && systemctl --user enable --now ${UNIT}`;
      output.result({ file, next }, `${file}\nNow run: ${next}`);
      output.note("To have it run while you are not logged in: loginctl enable-linger");
      if (run.some((word) => word.includes("/_npx/")))
        output.note("It runs from the cache of npx: install the package first, and repeat this.");
    });
  return withExamples(command, "pushmesh service install --url https://push.example.com");
}

export function serviceUninstall(env: NodeJS.ProcessEnv): Command {
  const command = new Command("uninstall")
    .description("remove the systemd unit; the folder, with the device's key, stays")
    .option("--json", "print one JSON object per line")
    .action((options: { readonly json?: boolean }) => {
      const folder = unitFolder(env);
      const file = join(folder, UNIT);
      const removed = existsSync(file);
      rmSync(file, { force: true });
      // What enable has made.
      rmSync(join(folder, "default.target.wants", UNIT), { force: true });
      const next = `systemctl --user daemon-reload && systemctl --user stop ${UNIT}`;
      const text = removed ? `removed ${file}\nNow run: ${next}` : `there is no ${file}`;
      outputFor(options.json === true).result({ file, removed, next }, text);
    });
  return withExamples(command, "pushmesh service uninstall");
}
