/** `pushmesh service` */
import { Command } from "commander";
import { type CommonOptions, contextOf } from "../../context.ts";
import { withExamples, withMesh } from "../../options.ts";
import { type PlaceOptions, placeOf } from "../../service/folder.ts";
import { withPlace } from "./place.ts";

export function service(env: NodeJS.ProcessEnv): Command {
  const command = withPlace(withMesh(new Command("service")))
    .description("run the push service of this user: one device and one link for several processes")
    .action(async (options: CommonOptions & PlaceOptions) => {
      const { url, output } = contextOf(options, env);
      const { runService } = await import("../../service/run.ts");
      return runService(placeOf(options, env), url, output);
    });
  return withExamples(
    command,
    "pushmesh service --url https://push.example.com",
    "pushmesh service install --url https://push.example.com",
    "pushmesh service status",
  );
}
