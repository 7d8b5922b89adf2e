/** `pushmesh listen` */
import { Command, InvalidArgumentError } from "commander";
import type { Attributes } from "../../sdk/device/mod.ts";
import { PushServer } from "../../sdk/server/push-server.ts";
import { type AppOptions, appOf, type Context, contextOf, keyAtHand } from "../context.ts";
import { usageFailure } from "../failure.ts";
import { deviceFolder } from "../files/device-folder.ts";
import type { Audience } from "../listen/live-listener.ts";
import { jsonObject, withApp, withExamples, withMesh } from "../options.ts";
import { isRecordOf, isText } from "../values.ts";

/** Beside `custom`. */
const ATTRIBUTES: ReadonlySet<string> = new Set(["platform", "appVersion", "locale"]);

/** The mesh checks the bounds. */
function areAttributes(value: object): value is Attributes {
  const { custom, ...rest } = value as Record<string, unknown>;
  const texts = Object.entries(rest);
  return (
    texts.every(([name, text]) => ATTRIBUTES.has(name) && isText(text)) &&
    (custom === undefined || isRecordOf(custom, isText))
  );
}

function attributesOf(text: string): Attributes {
  const value = jsonObject(text);
  if (areAttributes(value)) return value;
  throw new InvalidArgumentError(
    "Give texts as platform, appVersion and locale, and an object of texts as custom.",
  );
}

interface ListenOptions extends AppOptions {
  readonly tag?: readonly string[];
  readonly alias?: string;
  readonly shared?: boolean;
  readonly attributes?: Attributes;
  readonly state?: string;
  readonly grant?: string;
  readonly live?: boolean;
  /** False by --no-token. */
  readonly token?: string | false;
}

/** @throws CliFailure if options of a device and of --live are mixed. */
function checkOptions(options: ListenOptions): void {
  const { live, tag, token, alias, shared, attributes, state, grant } = options;
  if (live !== true) {
    if (token !== undefined) throw usageFailure("--token goes with --live");
    if (shared === true && alias === undefined) throw usageFailure("--shared goes with --alias");
    return;
  }
  if (tag === undefined) throw usageFailure("--live needs a --tag");
  if ([alias, shared, attributes, state, grant].some((option) => option !== undefined))
    throw usageFailure(
      "--alias, --shared, --attributes, --state and --grant are for devices, not --live",
    );
}

/** If the app's key is available, a token is made with it. */
function tokenOf(
  context: Context,
  appId: string,
  token: string | false | undefined,
  env: NodeJS.ProcessEnv,
): Audience["token"] {
  if (token === false) return undefined;
  if (token !== undefined) return () => token;
  const key = keyAtHand(context, appId, env);
  if (key === undefined) return undefined;
  const push = new PushServer({ url: context.url, ...key });
  return (tag) => push.tags.listenToken(tag);
}

export function listen(env: NodeJS.ProcessEnv): Command {
  const command = withApp(withMesh(new Command("listen")))
    .description(
      "run a device: register with an app and print each message; or listen to tags live",
    )
    .option(
      "--tag <tag...>",
      "subscribe to these tags (until pushmesh tag remove), and print their broadcasts",
    )
    .option("--alias <alias>", "take this alias from its holder")
    .option("--shared", "share the alias with other holders")
    .option(
      "--attributes <JSON>",
      "report these attributes for filters: {platform, appVersion, locale, custom}",
      attributesOf,
    )
    .option(
      "--state <dir>",
      "folder for the key and regId of the device (default: in ~/.config/pushmesh)",
    )
    .option(
      "--grant <grant>",
      "what the device may do, from pushmesh grant; used to register, and once the last has ended",
    )
    .option("--live", "listen to the broadcasts of --tag like a web page, without a device")
    .option(
      "--token <token>",
      "listen token for --live (default: made with the app's key, if it is available)",
    )
    .option("--no-token", "listen to open tags without a token")
    .action(async (options: ListenOptions) => {
      checkOptions(options);
      const context = contextOf(options, env);
      const { output, url } = context;
      const appId = appOf(context, options, env);
      const { tag: tags = [], alias, shared = false, attributes, state, token, grant } = options;
      // Here and in other commands: the SDK of devices takes longer to load than what most commands do.
      if (options.live === true) {
        const { listenToTags } = await import("../listen/live-listener.ts");
        const audience = { url, appId, tags, token: tokenOf(context, appId, token, env) };
        return listenToTags(audience, output);
      }
      const { listenAsDevice } = await import("../listen/device-listener.ts");
      const folder = deviceFolder(context, appId, state, env);
      return listenAsDevice({ url, appId, folder, tags, alias, shared, attributes, grant }, output);
    });
  return withExamples(
    command,
    "pushmesh listen",
    "pushmesh listen --tag news weather/berlin --alias user-4711 --shared",
    "pushmesh listen --live --tag news",
    "pushmesh listen --json --state ./second-device",
    "pushmesh listen --url https://push.example.com --app <appId>",
  );
}
