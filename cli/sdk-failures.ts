/** Turns errors of the SDKs into failures of the command. */
import type { CommanderError } from "commander";
import { ERRORS } from "../schema/errors.ts";
import { PushError } from "../sdk/device/errors.ts";
import { PushServerError } from "../sdk/server/errors.ts";
import { CliFailure, EXIT } from "./failure.ts";
import { dateText } from "./terminal-text.ts";

const EXIT_BY_CODE: Readonly<Record<string, number>> = {
  option_invalid: EXIT.usage,
  network_failed: EXIT.network,
  link_lost: EXIT.network,
  timeout: EXIT.network,
};

const rowOf = (code: string): (typeof ERRORS)[keyof typeof ERRORS] | undefined =>
  Object.hasOwn(ERRORS, code) ? ERRORS[code as keyof typeof ERRORS] : undefined;

/** The innermost cause: fetch itself only says "fetch failed". */
function rootOf(error: unknown): (Error & { readonly code?: unknown }) | undefined {
  let root = error;
  while (root instanceof Error && root.cause !== undefined) root = root.cause;
  // A name with several addresses has one error for each; take the first.
  if (root instanceof AggregateError && root.errors.length > 0) [root] = root.errors;
  return root instanceof Error && root !== error ? root : undefined;
}

/** Common network errors in plain words. */
const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection reset",
  EHOSTUNREACH: "no route to host",
  ENETUNREACH: "no network",
  ENOTFOUND: "no such host",
  EAI_AGAIN: "no answer from the name server",
  DEPTH_ZERO_SELF_SIGNED_CERT: "its certificate is self-signed",
  SELF_SIGNED_CERT_IN_CHAIN:
    "its certificate is signed by an authority that this machine does not know",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    "its certificate is signed by an authority that this machine does not know",
  CERT_HAS_EXPIRED: "its certificate has expired",
  ERR_TLS_CERT_ALTNAME_INVALID: "its certificate is for another host",
  UND_ERR_SOCKET: "connection closed",
  EPROTO: "it speaks no TLS: is it an http URL?",
  ERR_SSL_WRONG_VERSION_NUMBER: "it speaks no TLS: is it an http URL?",
  ERR_SSL_PACKET_LENGTH_TOO_LONG: "it speaks no TLS: is it an http URL?",
};

/** Why a call of the server SDK failed, in a few words. */
export function reasonOf(error: PushServerError): string {
  // There was a response; if the mesh is gone, it came from a proxy.
  if (error.status !== undefined) return `HTTP ${error.status}: ${error.message}`;
  return networkReason(error) ?? rootOf(error)?.message ?? error.message;
}

/** A common network error that caused another, in plain words. */
export const networkReason = (error: unknown): string | undefined =>
  REASONS[String(rootOf(error)?.code)];

/** The message of an error of an SDK, with plain words for the code of a network error. */
export function plainMessage(error: Error): string {
  const reason = networkReason(error);
  return reason === undefined
    ? error.message
    : error.message.replace(`(${rootOf(error)?.code})`, `(${reason})`);
}

/** Advice if the connection is refused: usually the data folder belongs to a mesh that was stopped. */
const START =
  "No mesh is running there. Start it with npx pushmesh serve, or choose another with --url or --data-dir.";

const isNobodyThere = (root: string | undefined): boolean => /ECONNREFUSED/.test(root ?? "");

/** When a ban ends, if the mesh says so. */
const untilText = ({ retryAfterMs }: { readonly retryAfterMs?: number | undefined }): string =>
  retryAfterMs === undefined ? "" : ` Until ${dateText(Date.now() + retryAfterMs)}.`;

/**
 * Converts an error of an SDK to a failure of the command.
 *
 * @returns undefined for a bug, whose stack should be printed.
 */
export function asFailure(error: unknown): CliFailure | undefined {
  if (error instanceof CliFailure) return error;
  if (error instanceof PushServerError || error instanceof PushError) {
    const { code } = error;
    const root = rootOf(error)?.message;
    const problem = error instanceof PushServerError ? error.problem : undefined;
    const exitCode = EXIT_BY_CODE[code] ?? EXIT.refused;
    const advice =
      problem?.advice ?? rowOf(code)?.advice ?? (isNobodyThere(root) ? START : undefined);
    // The reason of a closed socket starts with the code, and a removal ends with the advice: both are printed after the message.
    const rest = plainMessage(error)
      .replace(`${code}: `, "")
      .replace(advice === undefined ? "" : ` ${advice}`, "");
    // A mesh that has no more to say than its table says nothing.
    const said = rest === "" ? (rowOf(code)?.title ?? code) : rest;
    const isSaid = root === undefined || said.endsWith(root) || networkReason(error) !== undefined;
    const whole = isSaid ? said : `${said}: ${root}`;
    const message = code === "banned" ? whole + untilText(error) : whole;
    return new CliFailure(exitCode, code, message, advice);
  }
  return systemFailure(error);
}

/** Of a file, a folder or a socket: what the system says, without a stack. */
function systemFailure(error: unknown): CliFailure | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, syscall, message } = error as NodeJS.ErrnoException;
  if (code === undefined || syscall === undefined) return undefined;
  return new CliFailure(EXIT.usage, code, message.replace(`${code}: `, ""));
}

/** Exit code when commander ended the command: 0 for help and version, otherwise usage (commander has printed the error). */
export const commanderExit = (error: CommanderError): number =>
  error.exitCode === 0 ? 0 : EXIT.usage;
