/** What goes wrong in the device SDK. */
import type { ErrorCode } from "../../schema/errors.ts";
import { PushError } from "../errors.ts";

export { PushError };

/** What went wrong on the device itself; everything else is a code of the mesh's error table (docs/errors.md). */
export type LocalErrorCode =
  /** An option is out of bounds; the message names it. */
  | "option_invalid"
  /** The host lacks Ed25519 in Web Crypto. */
  | "crypto_unsupported"
  /** This runtime lacks what the SDK is built on; the message names it. */
  | "runtime_unsupported"
  /** Reading or writing the storage failed; `cause` is the storage's error. */
  | "storage_failed"
  /** There is no IndexedDB, and no storage was given: what is stored ends with the process. Reported at the start. */
  | "storage_missing"
  /** The mesh could not be reached, or what answered was not the mesh. */
  | "network_failed"
  /** The link ended; the SDK reconnects by itself. */
  | "link_lost"
  /** No answer came in time. */
  | "timeout"
  /** The app's message handler threw; `cause` is what it threw. The message is kept and tried again. */
  | "handler_failed"
  /** The app's message handler has not ended for 30 s. Its message is kept, and what is behind it waits. */
  | "handler_stuck"
  /** The data of a message is not what its content type says. The message was acknowledged and dropped. */
  | "data_invalid"
  /** Tags, aliases and attributes are a registration's, and the app has none: call `register` first. */
  | "not_registered"
  /** Another client of the same push service listens for this app. */
  | "app_in_use"
  /** The client or its push service was closed. */
  | "client_closed";

/** A code of the error table, a local code, or a code of a mesh newer than this SDK. */
export type PushErrorCode = ErrorCode | LocalErrorCode | (string & {});

/** What an error says beside its message. Plain data: it crosses the port between client and service. */
export interface PushErrorData {
  readonly code: PushErrorCode;
  readonly message: string;
  /**
   * What to do: `never` — the same call cannot succeed; `later` — it can, after `retryAfterMs` where that is
   * given; `reauthenticate` — the SDK renews its credentials by itself.
   */
  readonly retry: "never" | "later" | "reauthenticate";
  /** Milliseconds to wait before the same call again. */
  readonly retryAfterMs?: number | undefined;
  /** The WebSocket close code, where the link ended. */
  readonly closeCode?: number | undefined;
  /** The message at fault. */
  readonly messageId?: string | undefined;
  /** How often this message's handler has failed on this link, from 1. */
  readonly attempt?: number | undefined;
  /** The error underneath. */
  readonly cause?: unknown;
}

/** What calls on a closed client or service fail with. */
export const CLOSED: PushErrorData = { code: "client_closed", message: "Closed.", retry: "never" };

/** The error as plain data, to send over a port; anything that is no PushError becomes `otherwise`. */
export function toErrorData(error: unknown, otherwise: LocalErrorCode): PushErrorData {
  if (error instanceof PushError) {
    const { name: _, ...data } = error;
    const cause = data.cause === undefined ? {} : { cause: toCause(data.cause) };
    return { ...data, ...cause, message: error.message };
  }
  return { code: otherwise, message: String(error), retry: "later", cause: toCause(error) };
}

/** A cause that crosses a port as data: one that cannot be cloned would keep the whole message from being posted. */
function toCause(cause: unknown): unknown {
  try {
    structuredClone(cause);
    return cause;
  } catch {
    return String(cause);
  }
}
