/** Scripts that complete the words of the command line, made of the command line itself. */
import type { Command } from "commander";

export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

interface Place {
  /** The commands that lead to it. */
  readonly path: readonly string[];
  readonly commands: readonly Command[];
  readonly options: readonly { readonly name: string; readonly description: string }[];
}

function placesOf(command: Command, path: readonly string[] = []): Place[] {
  const options = command.options.flatMap(({ long, description }) =>
    long ? [{ name: long, description }] : [],
  );
  const help = { name: "--help", description: "display help for command" };
  const place = { path, commands: command.commands, options: [...options, help] };
  const below = command.commands
    .filter((each) => each.name() !== "help")
    .flatMap((each) => placesOf(each, [...path, each.name()]));
  return [place, ...below];
}

/** @returns the text of the script */
export function completionOf(program: Command, shell: Shell): string {
  const places = placesOf(program);
  if (shell === "fish") return fishOf(places);
  const bash = bashOf(places);
  // zsh runs completions of bash by a module of its own.
  return shell === "zsh" ? `autoload -U +X bashcompinit && bashcompinit\n${bash}` : bash;
}

function bashOf(places: readonly Place[]): string {
  const known = places.filter(({ path }) => path.length > 0).map(({ path }) => quoted(path));
  const words = places.map(({ path, commands, options }) => {
    const names = [...commands.map((each) => each.name()), ...options.map(({ name }) => name)];
    return `    ${quoted(path)}) words="${names.join(" ")}" ;;`;
  });
  return `# Made by pushmesh completion.
_pushmesh() {
  local current="\${COMP_WORDS[COMP_CWORD]}" at="" word words=""
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$at $word" in
      ${known.join("|")}) at="$at $word" ;;
    esac
  done
  case "$at" in
${words.join("\n")}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _pushmesh pushmesh
`;
}

/** As the script has found it: a space before each word. */
const quoted = (path: readonly string[]): string => `"${path.map((word) => ` ${word}`).join("")}"`;

function fishOf(places: readonly Place[]): string {
  const lines = places.flatMap(({ path, commands, options }) => {
    const names = commands.map((each) => each.name());
    const seen = path.map((word) => `__fish_seen_subcommand_from ${word}`);
    const none = names.length > 0 ? [`not __fish_seen_subcommand_from ${names.join(" ")}`] : [];
    const when = [...seen, ...none].join("; and ");
    const condition = `complete -c pushmesh -n ${singleQuoted(when)}`;
    return [
      ...commands.map(
        (each) =>
          `${condition} -f -a ${each.name()} -d ${singleQuoted(shortened(each.description()))}`,
      ),
      ...options.map(
        ({ name, description }) =>
          `${condition} -l ${name.slice(2)} -d ${singleQuoted(shortened(description))}`,
      ),
    ];
  });
  return `# Made by pushmesh completion.\n${lines.join("\n")}\n`;
}

const singleQuoted = (text: string): string =>
  `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;

/** What fits beside a word: the first part of a description. */
const shortened = (text: string): string => text.split(/[:;(]/)[0]?.trim() ?? text;
