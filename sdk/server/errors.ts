/** Errors of the server SDK. */
import type { ErrorCode } from "../../schema/errors.ts";
import type { ProblemBody } from "../../schema/http.ts";
import { PushError } from "../errors.ts";

/** Errors on this side. All other codes are in the error table of the mesh (docs/errors.md). */
export type LocalErrorCode =
  /** An option is invalid; the message names it. */
  | "option_invalid"
  /** The mesh could not be reached, or did not answer in time. It may have carried out the request anyway. */
  | "network_failed"
  /** The mesh has another encryption key for a registration than the pinned one; see `PushServer.encryption`. */
  | "encryption_key_changed"
  /** The mesh started a change, and its answer was lost; see `UndecidedError`. */
  | "outcome_unknown"
  /** The caller's signal cancelled the call; `cause` is its reason. The mesh may have carried out the request anyway. */
  | "aborted"
  /** This runtime lacks a feature that the SDK needs; the message names it. */
  | "runtime_unsupported"
  /** A request that `verifyWebhook` was given is not from the mesh, was changed, or is too old. */
  | "webhook_invalid"
  /** The answer was not from the mesh: the page of a proxy, or a mesh far newer than this SDK. */
  | "answer_invalid";

/** A code of the error table, a local code, or a code of a mesh newer than this SDK. */
export type PushServerErrorCode = ErrorCode | LocalErrorCode | (string & {});

interface PushServerErrorInit {
  readonly code: PushServerErrorCode;
  readonly message: string;
  readonly retry: ProblemBody["retry"];
  readonly status?: number | undefined;
  readonly problem?: ProblemBody | undefined;
  readonly retryAfterMs?: number | undefined;
  readonly idempotencyKey?: string | undefined;
  readonly cause?: unknown;
}

/**
 * Every error that the server SDK throws. There is one class per way to handle an error:
 * `RefusedError`, `UnreachableError`, `UndecidedError`, and this class for errors on this side.
 *
 * @example
 * try { await push.send({ to: regId, data: { hello: "world" } }); }
 * catch (error) { if (error instanceof PushServerError && error.code === "unregistered") await forget(regId); }
 */
export class PushServerError extends PushError {
  override readonly name: string = "PushServerError";
  declare readonly code: PushServerErrorCode;
  /** The HTTP status, if there was an answer. */
  declare readonly status: number | undefined;
  /** The problem document of the mesh, with its advice and the field at fault. */
  declare readonly problem: ProblemBody | undefined;
  /** For a send: send the same message again with this key, and it is delivered once, however often it arrived. */
  declare readonly idempotencyKey: string | undefined;

  constructor(init: PushServerErrorInit) {
    super(init);
  }
}

/** The mesh refused the request: `code` is one of docs/errors.md, `problem` is its answer. */
export class RefusedError extends PushServerError {
  override readonly name = "RefusedError";
}

/** The mesh could not be reached or did not answer while the call was retried: `network_failed` or `answer_invalid`. */
export class UnreachableError extends PushServerError {
  override readonly name = "UnreachableError";
}

/**
 * The mesh started a change of an alias, of a tag's members or of who may listen to it, and the answer was lost: `outcome_unknown`.
 * The change was carried out unless the mesh was killed, and others may have changed the same thing since. The SDK does not retry it,
 * because that could undo their changes. Read the current state (`aliases.get`, `tags.get`, `registration`), then decide whether to
 * repeat the request.
 */
export class UndecidedError extends PushServerError {
  override readonly name = "UndecidedError";

  /** @param cause The error of the copy of the request. */
  constructor(cause: PushServerError) {
    const message =
      "The mesh has begun this change, and its answer was lost: read the current state before you repeat it.";
    const { status, problem } = cause;
    super({ code: "outcome_unknown", message, retry: "never", status, problem, cause });
  }
}

/** An `option_invalid` error. */
export function optionError(message: string, cause?: unknown): PushServerError {
  return new PushServerError({ code: "option_invalid", message, retry: "never", cause });
}

/** A `runtime_unsupported` error: the global `name` is missing. */
export function runtimeError(name: string, cause?: unknown): PushServerError {
  const message = `This runtime has no ${name}: Node 22 or newer, Deno, Bun and Workers have it.`;
  return new PushServerError({ code: "runtime_unsupported", message, retry: "never", cause });
}
