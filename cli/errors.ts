/** Errors of the SDKs, as the commands tell them. */
import type { CommanderError } from "commander";
import { ERRORS } from "../schema/errors.ts";
import { PushError } from "../sdk/device/errors.ts";
import { PushServerError } from "../sdk/server/errors.ts";
import { CliFailure, EXIT } from "./failure.ts";

const EXIT_BY_CODE: Readonly<Record<string, number>> = {
  option_invalid: EXIT.usage,
  network_failed: EXIT.network,
  link_lost: EXIT.network,
  timeout: EXIT.network,
};

const adviceOf = (code: string): string | undefined =>
  Object.hasOwn(ERRORS, code) ? ERRORS[code as keyof typeof ERRORS].advice : undefined;

/** What is underneath it all: fetch itself only says "fetch failed". */
function rootOf(error: unknown): (Error & { readonly code?: unknown }) | undefined {
  let root = error;
  while (root instanceof Error && root.cause !== undefined) root = root.cause;
  // Of a name with several addresses: the reason is each one's own.
  if (root instanceof AggregateError && root.errors.length > 0) [root] = root.errors;
  return root instanceof Error && root !== error ? root : undefined;
}

/** The usual words for why nothing answers. */
const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection reset",
  EHOSTUNREACH: "no route to it",
  ENETUNREACH: "no network",
  ENOTFOUND: "no such host",
  EAI_AGAIN: "no answer from the name server",
};

/** Why a call of the server SDK failed, in a few words. */
export function reasonOf(error: PushServerError): string {
  // It answered, and a proxy does so in place of a mesh that is gone.
  if (error.status !== undefined) return `HTTP ${error.status}: ${error.message}`;
  const root = rootOf(error);
  return REASONS[String(root?.code)] ?? root?.message ?? error.message;
}

/** What to do where nothing listens: most often the data folder is that of a mesh that was stopped. */
const START =
  "Nothing listens there: start the mesh with npm start, or name another by --url or --data-dir.";

const isNobodyThere = (root: string | undefined): boolean => /ECONNREFUSED/.test(root ?? "");

/**
 * The failure that an error amounts to.
 *
 * @returns undefined for an error that is a fault of ours, and deserves its stack.
 */
export function asFailure(error: unknown): CliFailure | undefined {
  if (error instanceof CliFailure) return error;
  if (error instanceof PushServerError || error instanceof PushError) {
    const { code } = error;
    const root = rootOf(error)?.message;
    // A closed socket's reason begins with the code, which is told behind the message.
    const said = error.message.replace(`${code}: `, "");
    const message = root === undefined || said.endsWith(root) ? said : `${said}: ${root}`;
    const problem = error instanceof PushServerError ? error.problem : undefined;
    const exitCode = EXIT_BY_CODE[code] ?? EXIT.refused;
    const advice = problem?.advice ?? adviceOf(code) ?? (isNobodyThere(root) ? START : undefined);
    return new CliFailure(exitCode, code, message, advice);
  }
  return undefined;
}

/** Exit code of what commander itself ended: 0 for help and version, otherwise a usage error that it has told. */
export const commanderExit = (error: CommanderError): number =>
  error.exitCode === 0 ? 0 : EXIT.usage;
