/** What goes wrong in the server SDK. */
import type { ErrorCode } from "../../schema/errors.ts";
import type { ProblemBody } from "../../schema/http.ts";
import { PushError } from "../errors.ts";

/** What went wrong on this side; everything else is a code of the mesh's error table (docs/errors.md). */
export type LocalErrorCode =
  /** An option is out of bounds; the message names it. */
  | "option_invalid"
  /** The mesh could not be reached, or did not answer in time. What was asked for may have been carried out all the same. */
  | "network_failed"
  /** The mesh has begun a change, and its answer was lost: see `UndecidedError`. */
  | "outcome_unknown"
  /** The caller's signal ended the call; `cause` is its reason. What was asked for may have been carried out all the same. */
  | "aborted"
  /** This runtime lacks what the SDK is built on; the message names it. */
  | "runtime_unsupported"
  /** What answered was not the mesh: a proxy's page, or a mesh far newer than this SDK. */
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
 * Every error that the server SDK throws. One class for each of the few things that a caller does about them:
 * `RefusedError`, `UnreachableError`, `UndecidedError`, and this one itself for what is wrong on this side.
 *
 * @example
 * try { await push.send({ to: regId, data: { hello: "world" } }); }
 * catch (error) { if (error instanceof PushServerError && error.code === "unregistered") await forget(regId); }
 */
export class PushServerError extends PushError {
  override readonly name: string = "PushServerError";
  declare readonly code: PushServerErrorCode;
  /** HTTP status, where there was an answer. */
  declare readonly status: number | undefined;
  /** The refusal as the mesh wrote it, with its advice and the field at fault. */
  declare readonly problem: ProblemBody | undefined;
  /** Of a send: give it again with the same message, and however often it arrived it is delivered once. */
  declare readonly idempotencyKey: string | undefined;

  constructor(init: PushServerErrorInit) {
    super(init);
  }
}

/** The mesh answered, and refused: `code` is one of docs/errors.md, `problem` what it said. */
export class RefusedError extends PushServerError {
  override readonly name = "RefusedError";
}

/** The mesh was not reached, or did not answer, for as long as the call was tried: `network_failed` or `answer_invalid`. */
export class UnreachableError extends PushServerError {
  override readonly name = "UnreachableError";
}

/**
 * A change of an alias, of who is in a tag or of who may listen to it was begun, and its answer was lost: `outcome_unknown`. It was
 * carried out, or a kill kept it from that, and others may have changed the same since. It is not tried again, which could undo what they
 * did: read what stands (`aliases.get`, `tags.get`, `registration`), then decide whether to ask anew.
 */
export class UndecidedError extends PushServerError {
  override readonly name = "UndecidedError";

  /** @param cause The refusal of a copy of the request. */
  constructor(cause: PushServerError) {
    const message =
      "The mesh has begun this change, and its answer was lost: read what stands before you ask anew.";
    const { status, problem } = cause;
    super({ code: "outcome_unknown", message, retry: "never", status, problem, cause });
  }
}

/** An `option_invalid` error. */
export function optionError(message: string, cause?: unknown): PushServerError {
  return new PushServerError({ code: "option_invalid", message, retry: "never", cause });
}

/** A `runtime_unsupported` error: the global `name` is not there. */
export function runtimeError(name: string, cause?: unknown): PushServerError {
  const message = `This runtime has no ${name}: Node 22 or newer, Deno, Bun and Workers have it.`;
  return new PushServerError({ code: "runtime_unsupported", message, retry: "never", cause });
}
