/** Options that several commands share, and readers of their values. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { PRIORITY_NAMES } from "../schema/http.ts";

/** `--url`, `--data-dir`, `--json`. */
export function withMesh(command: Command): Command {
  return command
    .option(
      "--url <origin>",
      "the mesh (default: $PUSHMESH_URL, or the one that npm start runs here)",
    )
    .option(
      "--data-dir <dir>",
      "data folder of that one (default: $PUSHMESH_DATA_DIR, or .pushmesh)",
    )
    .option("--json", "one JSON object a line");
}

/** What a command of the operator needs: `--url`, `--data-dir`, `--json`, `--insecure`. */
export const withAdmin = (command: Command): Command =>
  withMesh(command).option(
    "--insecure",
    "send $PUSHMESH_ADMIN_TOKEN over http, to whoever answers there",
  );

/** `--data`, `--json`: for what works on the data folder of a mesh, and asks no mesh. */
export function withData(command: Command): Command {
  return command
    .option("--data <dir>", "data folder (default: $PUSHMESH_DATA_DIR, or .pushmesh)")
    .option("--json", "one JSON object a line");
}

/** `--app`. */
export function withApp(command: Command): Command {
  return command.option("--app <appId>", "the app (default: $PUSHMESH_APP, or the demo app)");
}

/** `--key-id`, `--key`. */
export function withKey(command: Command): Command {
  return command
    .option("--key-id <keyId>", "key to sign with (default: $PUSHMESH_KEY_ID, or the one saved)")
    .addOption(
      new Option(
        "--key <secret>",
        "its secret; better in $PUSHMESH_KEY, as others can list arguments",
      ),
    );
}

/** What a command needs that acts as an app's server: `--url`, `--data-dir`, `--json`, `--app`, `--key-id`, `--key`. */
export const asServer = (command: Command): Command => withKey(withApp(withMesh(command)));

/** `--to <regId...>` */
export function withRegIds(command: Command): Command {
  return command.requiredOption("--to <regId...>", "registrations, as pushmesh listen prints them");
}

/** What every message has: `--data` and its like, `--ttl`, `--priority`, `--collapse-key`, `--idempotency-key`. */
export function withContent(command: Command): Command {
  return command
    .option("--data <text>", "a JSON object, or any other text, which is sent as a string")
    .option("--data-base64 <base64>", "bytes")
    .option("--data-file <file>", "what is in a file; - reads stdin")
    .option(
      "--ttl <seconds>",
      "how long it may wait for a device; 0 is now or never (default: 28 days)",
      wholeNumber,
    )
    .addOption(new Option("--priority <name>", "default: normal").choices(PRIORITY_NAMES))
    .option("--collapse-key <key>", "replaces an older message of this key that still waits")
    .option("--idempotency-key <key>", "makes two calls one message");
}

/** Reads a whole number of at least 0. */
export function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError("Give a whole number, 0 or more.");
  return Number(text);
}

/** Reads a JSON object, whose members are the mesh's to judge. */
export function jsonObject(text: string): object {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  } catch {
    // Told below.
  }
  throw new InvalidArgumentError("Give a JSON object.");
}

/** The examples at the end of a command's help. */
export function withExamples(command: Command, ...examples: readonly string[]): Command {
  return command.addHelpText(
    "after",
    `\nExamples:\n${examples.map((line) => `  ${line}`).join("\n")}`,
  );
}
