/** The command `help` of each group, and where every usage error says to look. */
import { Command } from "commander";

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
