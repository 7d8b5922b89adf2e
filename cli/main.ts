/** The `pushmesh` command. Each command has a file in commands/. */
import { CommanderError } from "commander";
import { commandLine } from "./command-line.ts";
import { asFailure, commanderExit } from "./sdk-failures.ts";

// The reader of a pipe may stop early: `pushmesh listen | head -1`.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  process.exit(error.code === "EPIPE" ? 0 : 1);
});

function fail(error: unknown): void {
  if (error instanceof CommanderError) {
    process.exitCode = commanderExit(error);
    return;
  }
  const failure = asFailure(error);
  if (failure === undefined) throw error;
  const { code, message, advice, exitCode } = failure;
  if (process.argv.includes("--json")) {
    process.stderr.write(`${JSON.stringify({ error: { code, message, advice } })}\n`);
  } else {
    process.stderr.write(`pushmesh: ${message} (${code})\n`);
    if (advice !== undefined) process.stderr.write(`          ${advice}\n`);
  }
  process.exitCode = exitCode;
}

await commandLine(process.env).parseAsync().catch(fail);
