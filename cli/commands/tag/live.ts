/** `pushmesh tag live` */
import { Argument, Command } from "commander";
import { LIVE_ACCESS, type LiveAccessName } from "../../../schema/http/enums.ts";
import { contextOf, type KeyOptions } from "../../context.ts";
import { asServer, withExamples } from "../../options.ts";
import { serverOf } from "../../server.ts";
import { tagText } from "../../terminal-text.ts";

export function tagLive(env: NodeJS.ProcessEnv): Command {
  const command = asServer(new Command("live"))
    .description("set who may listen to a tag live")
    .argument("<tag>")
    .addArgument(
      new Argument("<access>", "nobody, holders of a token of the app, or anyone").choices(
        LIVE_ACCESS,
      ),
    )
    .action(async (tag: string, access: LiveAccessName, options: KeyOptions) => {
      const context = contextOf(options, env);
      await serverOf(context, options, env).tags.setLive(tag, access);
      context.output.result({ tag, live: access }, `${access}  ${tagText(tag)}`);
    });
  return withExamples(command, "pushmesh tag live news open", "pushmesh tag live news token");
}
