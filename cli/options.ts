/** Options that several commands share, and readers of their values. */
import { type Command, InvalidArgumentError, Option } from "commander";

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

/** Reads a whole number of at least 0. */
export function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError("Give a whole number, 0 or more.");
  return Number(text);
}

/** The examples at the end of a command's help. */
export function withExamples(command: Command, ...examples: readonly string[]): Command {
  return command.addHelpText(
    "after",
    `\nExamples:\n${examples.map((line) => `  ${line}`).join("\n")}`,
  );
}
