/** `pushmesh directory` */
import { Command, Option } from "commander";
import type { TagBody } from "../../schema/http.ts";
import type { TagQuery } from "../../sdk/server/tags.ts";
import { contextOf, type KeyOptions } from "../context.ts";
import { asServer, wholeNumber, withExamples } from "../options.ts";
import { serverOf } from "../server.ts";
import { dateText, tagText } from "../terminal-text.ts";

interface DirectoryOptions extends KeyOptions {
  readonly prefix?: string;
  readonly minMembers?: number;
  readonly maxMembers?: number;
  readonly sort?: NonNullable<TagQuery["sort"]>;
  readonly order?: NonNullable<TagQuery["order"]>;
  readonly limit: number;
}

/** Tags that are printed unless more are asked for. */
const LIMIT = 100;

const lineOf = ({ tag, members, listeners, lastBroadcastAt }: TagBody): string =>
  `${tagText(tag)}  members ${members}  listening ${listeners}  broadcast ${dateText(lastBroadcastAt)}`;

export function directory(env: NodeJS.ProcessEnv): Command {
  const command = asServer(new Command("directory"))
    .description("list the tags of the app; changes appear after about 10 s")
    .option("--prefix <text>", "only tags that start with this")
    .option("--min-members <n>", "only tags with at least this many members", wholeNumber(0))
    .option("--max-members <n>", "only tags with at most this many members", wholeNumber(0))
    .addOption(
      new Option("--sort <by>", "default: tag").choices(["tag", "members", "lastBroadcastAt"]),
    )
    .addOption(new Option("--order <way>", "default: asc").choices(["asc", "desc"]))
    .option("--limit <n>", "how many tags to print", wholeNumber(1), LIMIT)
    .action(async (options: DirectoryOptions) => {
      const { prefix, minMembers, maxMembers, sort, order, limit } = options;
      const context = contextOf(options, env);
      const push = serverOf(context, options, env);
      const query = { prefix, minMembers, maxMembers, sort, order };
      let printed = 0;
      for await (const tag of push.tags.list(query)) {
        if (printed++ === limit) {
          context.output.note("There are more: see --limit.");
          return;
        }
        context.output.result(tag, lineOf(tag));
      }
    });
  return withExamples(
    command,
    "pushmesh directory --prefix weather/",
    "pushmesh directory --min-members 1000 --sort members --order desc --limit 10",
  );
}
