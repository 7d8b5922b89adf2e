/** Errors of the device SDK. */
import type { ErrorCode } from "../../schema/errors.ts";
import { PushError } from "../errors.ts";
import type { SchemaIssue } from "../standard-schema.ts";
import type { PushMessage } from "./client/message.ts";

export { PushError };

/** Errors on the device itself. All other codes are in the error table of the mesh (docs/errors.md). */
export type LocalErrorCode =
  /** An option is invalid; the message names it. */
  | "option_invalid"
  /** Web Crypto of the host does not support Ed25519. */
  | "crypto_unsupported"
  /** This runtime lacks a feature that the SDK needs; the message names it. */
  | "runtime_unsupported"
  /** Reading or writing the storage failed; `cause` is the error of the storage. */
  | "storage_failed"
  /** There is no IndexedDB and you passed no storage, so the state ends with the process. Reported at the start. */
  | "storage_missing"
  /** The script that holds the link, a part of the SDK that is loaded when it is needed, could not be loaded. The SDK tries again. */
  | "load_failed"
  /** The mesh could not be reached, or something other than the mesh answered. */
  | "network_failed"
  /** The link ended. The SDK reconnects by itself. */
  | "link_lost"
  /** No answer arrived in time. */
  | "timeout"
  /** The message handler threw; `cause` is what it threw. The SDK keeps the message and retries. */
  | "handler_failed"
  /** The message handler has been running for 30 s. The SDK keeps its message, and the messages behind it wait. */
  | "handler_stuck"
  /** The data of a message does not match its content type. The SDK acknowledged and dropped the message. */
  | "data_invalid"
  /** The data of a message does not fit the `schema`; `issues` says why, and `received` is the message. It counts as handled. */
  | "message_invalid"
  /** The message is encrypted to another key or was altered, or encryption is required. The SDK acknowledged and dropped it. */
  | "decrypt_failed"
  /** This runtime has no X25519, so the push service can read the app's messages. Reported once. */
  | "sealing_unsupported"
  /** The `grant` callback failed; `cause` is what it threw. The SDK calls it again. */
  | "grant_failed"
  /** The service worker could not show a notification; the message says why. */
  | "notification_failed"
  /** Tags, aliases and attributes need a registration: call `register` first. */
  | "not_registered"
  /** The registration is not in the storage any more, as the tab finds that takes over the link: it was cleared. Call `register` again. */
  | "registration_lost"
  /** Another client of the same push service is listening for this app. */
  | "app_in_use"
  /** The app is registered by another client of the push service, whose storage this one does not have. */
  | "app_denied"
  /** No push service of this user is there, or it has ended. A client that was attached attaches again by itself. */
  | "service_unavailable"
  /** The socket of the push service is another user's, or others can open its folder. */
  | "service_denied"
  /** The push service and the app are of versions that do not understand each other; the message says which to update. */
  | "service_version"
  /** The push service has too many connections, or 1,024 requests of the app that are not answered. */
  | "service_busy"
  /** Another push service answers at the path of the socket. */
  | "service_running"
  /** The client or its push service was closed. */
  | "client_closed";

/** A code of the error table, a local code, or a code of a mesh newer than this SDK. */
export type PushErrorCode = ErrorCode | LocalErrorCode | (string & {});

/** The fields of an error. Plain data, so that it can cross the port between client and service. */
export interface PushErrorData {
  readonly code: PushErrorCode;
  readonly message: string;
  /**
   * What to do: `never`: the same call cannot succeed. `later`: it can succeed, after `retryAfterMs` if that is given.
   * `reauthenticate`: the SDK renews its credentials by itself.
   */
  readonly retry: "never" | "later" | "reauthenticate";
  /** How long to wait before you repeat the call, in milliseconds. */
  readonly retryAfterMs?: number | undefined;
  /** The WebSocket close code, if the link ended. */
  readonly closeCode?: number | undefined;
  /** The ID of the message that failed. */
  readonly messageId?: string | undefined;
  /** How often this message could not be read or handled on this link, from 1. */
  readonly attempt?: number | undefined;
  /** Of `message_invalid`: why the data does not fit the schema. */
  readonly issues?: readonly SchemaIssue[] | undefined;
  /** Of `message_invalid`: the message as it was received. */
  readonly received?: PushMessage | undefined;
  /** The underlying error. */
  readonly cause?: unknown;
}

/** The error of calls on a closed client or service. */
export const CLOSED: PushErrorData = { code: "client_closed", message: "Closed.", retry: "never" };

/** An `option_invalid` error. */
export const optionInvalid = (message: string): PushError =>
  new PushError({ code: "option_invalid", message, retry: "never" });

/** Converts an error to plain data for a port. Anything that is not a PushError gets the code `otherwise`. */
export function toErrorData(error: unknown, otherwise: LocalErrorCode): PushErrorData {
  if (isPushError(error)) {
    const { name: _, ...data } = error;
    const cause = data.cause === undefined ? {} : { cause: toCause(data.cause) };
    return { ...data, ...cause, message: error.message };
  }
  return { code: otherwise, message: textOf(error), retry: "later", cause: toCause(error) };
}

/** Makes a cause safe for a port: one that cannot be cloned would make `postMessage` fail. */
function toCause(cause: unknown): unknown {
  try {
    structuredClone(cause);
    return cause;
  } catch {
    return textOf(cause);
  }
}

/** Of whatever is thrown: a proxy may throw anew at each question. */
export function isPushError(thrown: unknown): thrown is PushError {
  try {
    return thrown instanceof PushError;
  } catch {
    return false;
  }
}

/** An object without a prototype has no text. */
function textOf(thrown: unknown): string {
  try {
    return String(thrown);
  } catch {
    return "unknown";
  }
}

/** The message of an error, or the text of what else is thrown. */
export function messageOf(thrown: unknown): string {
  try {
    if (thrown instanceof Error) return thrown.message;
  } catch {}
  return textOf(thrown);
}
