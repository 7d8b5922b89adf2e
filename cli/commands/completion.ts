/** `pushmesh completion` */
import { Argument, Command } from "commander";
import { completionOf, SHELLS, type Shell } from "../completion/scripts.ts";
import { withExamples } from "../options.ts";

/** @param root the command line that it is part of, once it is whole */
export function completion(root: () => Command): Command {
  const command = new Command("completion")
    .description("print the script that completes commands and options in a shell; calls no mesh")
    .addArgument(new Argument("<shell>").choices(SHELLS))
    .action((shell: Shell) => {
      process.stdout.write(completionOf(root(), shell));
    });
  return withExamples(
    command,
    'eval "$(pushmesh completion bash)"                                   # in ~/.bashrc',
    'eval "$(pushmesh completion zsh)"                                    # in ~/.zshrc, after compinit',
    "pushmesh completion fish > ~/.config/fish/completions/pushmesh.fish",
  );
}
