/** Options that several commands share, and readers of their values. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { PRIORITY_NAMES } from "../schema/http/enums.ts";
import type { SendTime } from "../schema/http/fields.ts";
import { LIMITS } from "../schema/limits.ts";

/** `--url`, `--data-dir`, `--json`, `--verbose`. */
export function withMesh(command: Command): Command {
  return command
    .option(
      "--url <origin>",
      "URL of the mesh (default: $PUSHMESH_URL, or the mesh that runs here)",
    )
    .option(
      "--data-dir <dir>",
      "data folder of the mesh on this machine (default: $PUSHMESH_DATA_DIR, or .pushmesh)",
    )
    .option("--json", "print one JSON object per line, errors too")
    .option("--verbose", "say on stderr which mesh is called, and what named it");
}

/** Options of operator commands: `--url`, `--data-dir`, `--json`, `--insecure`. */
export const withAdmin = (command: Command): Command =>
  withMesh(command).option(
    "--insecure",
    "send $PUSHMESH_ADMIN_TOKEN over http, to whatever server answers",
  );

/** `--data-dir`, `--json`: for commands that read the data folder of a mesh and call no mesh. */
export function withData(command: Command): Command {
  return command
    .option("--data-dir <dir>", "data folder (default: $PUSHMESH_DATA_DIR, or .pushmesh)")
    .option("--json", "print one JSON object per line");
}

/** `--app`. */
export function withApp(command: Command): Command {
  return command.option("--app <appId>", "the app (default: $PUSHMESH_APP, or the demo app)");
}

/** `--key-id`, `--key`. */
export function withKey(command: Command): Command {
  return command
    .option("--key-id <keyId>", "key to sign with (default: $PUSHMESH_KEY_ID, or the saved key)")
    .addOption(
      new Option(
        "--key <secret>",
        "secret of the key; prefer $PUSHMESH_KEY, because other users can see arguments",
      ),
    );
}

/** Options of commands that act as an app server: `--url`, `--data-dir`, `--json`, `--app`, `--key-id`, `--key`. */
export const asServer = (command: Command): Command => withKey(withApp(withMesh(command)));

/** `--to <regId...>` */
export function withRegIds(command: Command): Command {
  return command.requiredOption(
    "--to <regId...>",
    "regIds of the registrations, as printed by pushmesh listen",
  );
}

/** Options of every message: `--data` and its variants, the notification, `--ttl`, `--priority`, `--collapse-key`, `--label`, `--idempotency-key`. */
export function withContent(command: Command): Command {
  return command
    .option(
      "--data <text>",
      "the message: a JSON object, or any other text, which is sent as a string",
    )
    .option("--data-base64 <base64>", "the message: bytes in base64")
    .option("--data-file <file>", "the message: the content of a file; - reads stdin")
    .option("--title <text>", "title of the notification; then the message may have no data")
    .option("--body <text>", "text of the notification")
    .option("--icon <url>", "picture of the notification: https, or relative to the app")
    .option("--image <url>", "large picture of the notification")
    .option("--open <url>", "what a click on the notification opens")
    .option(
      "--badge <n>",
      "number on the app's icon; 0 removes it",
      wholeNumber(0, LIMITS.NOTIFICATION_BADGE_MAX),
    )
    .option(
      "--notification <JSON>",
      "the notification as the API has it, for what has no option, such as actions",
      jsonObject,
    )
    .option(
      "--ttl <seconds>",
      "how long the message may wait for a device; 0 means now or never (default: 28 days)",
      wholeNumber(0, LIMITS.TTL_MAX_SECONDS),
    )
    .option(
      "--online-only",
      "only to devices that are connected now; for others it ends as expired",
    )
    .addOption(new Option("--priority <name>", "default: normal").choices(PRIORITY_NAMES))
    .option("--collapse-key <key>", "replaces an older message with this key that still waits")
    .option("--label <text>", "your name for messages that belong together; devices do not get it")
    .option("--validate-only", "check the message, and send nothing")
    .option("--idempotency-key <key>", "calls with the same key are one message");
}

/**
 * Makes a reader of whole numbers; commander names the option in its error.
 *
 * @param most Default: no bound but that of exact numbers
 */
export function wholeNumber(least: number, most?: number): (text: string) => number {
  const bounds = most === undefined ? `, ${least} or more` : ` from ${least} to ${most}`;
  return (text) => {
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= (most ?? value)) return value;
    throw new InvalidArgumentError(`Give a whole number${bounds}.`);
  };
}

const DURATION = /^([1-9]\d{0,5})([mhd])$/;
const UNITS_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Reads a duration such as `7d`. @returns seconds */
export function durationSeconds(text: string): number {
  const [, count, unit = ""] = DURATION.exec(text) ?? [];
  if (count === undefined)
    throw new InvalidArgumentError("Give a duration such as 30m, 12h or 7d.");
  return (Number(count) * (UNITS_MS[unit] ?? 0)) / 1_000;
}

/** Reads a duration from now on (`90d`), or a date or time of ISO 8601. @returns milliseconds since 1970 */
export function expiryTime(text: string): number {
  const [, count, unit = ""] = DURATION.exec(text) ?? [];
  if (count !== undefined) return Date.now() + Number(count) * (UNITS_MS[unit] ?? 0);
  const time = /^\d{4}-\d\d-\d\d(T[\d:.]+(Z|[+-]\d\d:\d\d))?$/.test(text)
    ? Date.parse(text)
    : Number.NaN;
  if (Number.isNaN(time)) {
    throw new InvalidArgumentError(
      "Give a duration such as 90d, 12h or 30m, or a date such as 2027-01-31.",
    );
  }
  return time;
}

/** Reads a time of RFC 3339, or one without a zone, which is that of the device. */
export function sendTime(text: string): SendTime {
  if (/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?$/.test(text)) return { local: text };
  if (/^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)$/.test(text)) return text;
  throw new InvalidArgumentError("Give a time such as 2026-12-24T18:00:00Z or 2026-12-24T18:00.");
}

/** Reads a time of RFC 3339. */
export function instantText(text: string): string {
  const time = sendTime(text);
  if (typeof time === "string") return time;
  throw new InvalidArgumentError("Give a time with its zone, such as 2026-12-24T18:00:00Z.");
}

/** Reads a JSON object. The mesh checks its members. */
export function jsonObject(text: string): object {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  } catch {
    // The error below says it.
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
