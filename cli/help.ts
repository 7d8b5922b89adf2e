/** The command `help` of each group, and what usage errors say. */
import { Command, type CommanderError } from "commander";
import { CliFailure, EXIT } from "./failure.ts";

/**
 * commander's own `help` ignores words that it does not know: `help app polcy` printed the help of `app`, with exit code 0.
 *
 * @param path the words that lead to the group
 */
export function withHelp(group: Command, path = group.name()): void {
  for (const command of group.commands) withHelp(command, `${path} ${command.name()}`);
  group.showHelpAfterError(`See ${path} --help.`);
  if (group.commands.length === 0) return;
  const help = new Command("help")
    .description("display help for a command")
    .argument("[command...]")
    .action((words: readonly string[]) => commandOf(group, words).help());
  group.helpCommand(false).addCommand(help);
}

function commandOf(group: Command, words: readonly string[]): Command {
  let found = group;
  for (const word of words) {
    const next = found.commands.find((command) => command.name() === word);
    if (next === undefined) return found.error(`error: unknown command '${word}'`);
    found = next;
  }
  return found;
}

/**
 * Keeps what commander would print about a usage error, for `--json`.
 *
 * @returns turns the error that it throws into a failure; undefined for help and version, which are printed all the same
 */
export function usageAsFailure(
  program: Command,
): (error: CommanderError) => CliFailure | undefined {
  let path = program.name();
  const keep = (command: Command, its: string): void => {
    command.configureOutput({
      writeErr: () => {},
      outputError: () => {
        path = its;
      },
    });
    for (const each of command.commands) keep(each, `${its} ${each.name()}`);
  };
  keep(program, path);
  return ({ exitCode, code, message }) => {
    if (exitCode === 0) return undefined;
    // A group without a command prints its help.
    const said = code === "commander.help" ? "a command is missing" : message;
    const [first = "", ...more] = said.replace(/^error: /, "").split("\n");
    return new CliFailure(EXIT.usage, "usage", [first, ...more].join(" "), `See ${path} --help.`);
  };
}
