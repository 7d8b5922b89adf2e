/** The `pushmesh` command. Each command has a file in commands/. */
import { CommanderError } from "commander";
import { commandLine } from "./command-line.ts";
import type { CliFailure } from "./failure.ts";
import { usageAsFailure } from "./help.ts";
import { asFailure, commanderExit } from "./sdk-failures.ts";

// The reader of a pipe may stop early: `pushmesh listen | head -1`.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  process.exit(error.code === "EPIPE" ? 0 : 1);
});

const isJson = process.argv.includes("--json");
const program = commandLine(process.env);
const usageOf = isJson ? usageAsFailure(program) : undefined;

function fail(error: unknown): void {
  if (error instanceof CommanderError) {
    const usage = usageOf?.(error);
    if (usage === undefined) process.exitCode = commanderExit(error);
    else print(usage);
    return;
  }
  const failure = asFailure(error);
  if (failure === undefined) throw error;
  print(failure);
}

function print({ code, message, advice, exitCode }: CliFailure): void {
  if (isJson) {
    process.stderr.write(`${JSON.stringify({ error: { code, message, advice } })}\n`);
  } else {
    process.stderr.write(`pushmesh: ${message} (${code})\n`);
    if (advice !== undefined) process.stderr.write(`          ${advice}\n`);
  }
  process.exitCode = exitCode;
}

await program.parseAsync().catch(fail);
