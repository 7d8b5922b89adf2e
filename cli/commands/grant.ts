/** `pushmesh grant` */
import { Command } from "commander";
import { LIMITS } from "../../schema/limits.ts";
import type { GrantedName, GrantOptions } from "../../sdk/server/grant.ts";
import { contextOf, type KeyOptions } from "../context.ts";
import { asServer, wholeNumber, withExamples } from "../options.ts";
import { serverOf } from "../server.ts";

interface Options extends KeyOptions {
  readonly device?: string;
  readonly alias?: readonly string[];
  readonly aliasPrefix?: readonly string[];
  readonly tag?: readonly string[];
  readonly tagPrefix?: readonly string[];
  readonly expiresIn?: number;
}

const namesOf = (
  names: readonly string[] = [],
  prefixes: readonly string[] = [],
): readonly GrantedName[] => [...names, ...prefixes.map((prefix) => ({ prefix }))];

export function grant(env: NodeJS.ProcessEnv): Command {
  const command = asServer(new Command("grant"))
    .description("make a grant: what a device may do with an app; calls no mesh")
    .option("--device <deviceId>", "the device that it is for (default: any that has it)")
    .option("--alias <alias...>", "aliases that the device may take")
    .option("--alias-prefix <prefix...>", "the same for all aliases that start so")
    .option("--tag <tag...>", "tags that the device may join")
    .option("--tag-prefix <prefix...>", "the same for all tags that start so")
    .option(
      "--expires-in <seconds>",
      `default: 86400, at most ${LIMITS.GRANT_MAX_AGE_SECONDS}`,
      wholeNumber(1, LIMITS.GRANT_MAX_AGE_SECONDS),
    )
    .action(async (options: Options) => {
      const context = contextOf(options, env);
      const { device, expiresIn } = options;
      const fields: GrantOptions = {
        aliases: namesOf(options.alias, options.aliasPrefix),
        tags: namesOf(options.tag, options.tagPrefix),
        ...(device === undefined ? {} : { device }),
        ...(expiresIn === undefined ? {} : { expiresIn }),
      };
      const token = await serverOf(context, options, env).grant(fields);
      context.output.result({ grant: token }, token);
    });
  return withExamples(
    command,
    "pushmesh grant --alias user-4711 --tag-prefix news/",
    'pushmesh listen --grant "$(pushmesh grant --tag news)" --tag news',
  );
}
