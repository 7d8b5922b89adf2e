/** The one error class of the server SDK. */
import type { ErrorCode } from "../../schema/errors.ts";
import type { ProblemBody } from "../../schema/http.ts";

/** What went wrong on this side; everything else is a code of the mesh's error table (docs/errors.md). */
export type LocalErrorCode =
  /** An option is out of bounds; the message names it. */
  | "option_invalid"
  /** The mesh could not be reached, or did not answer in time. A send may have been accepted all the same. */
  | "network_failed"
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
 * Every error that the server SDK throws.
 *
 * @example
 * try { await push.send({ to: regId, data: { hello: "world" } }); }
 * catch (error) { if (error instanceof PushServerError && error.code === "unregistered") await forget(regId); }
 */
export class PushServerError extends Error {
  override readonly name = "PushServerError";
  readonly code: PushServerErrorCode;
  /** What to do with the same request: `never` can succeed unchanged, `later`, or after making a fresh signature. */
  readonly retry: ProblemBody["retry"];
  /** HTTP status, where there was an answer. */
  readonly status: number | undefined;
  /** The refusal as the mesh wrote it, with its advice and the field at fault. */
  readonly problem: ProblemBody | undefined;
  /** How long to wait before the next try, where the mesh said so. */
  readonly retryAfterMs: number | undefined;
  /** Of a send: give it again with the same message, and however often it arrived it is delivered once. */
  readonly idempotencyKey: string | undefined;

  constructor(init: PushServerErrorInit) {
    super(init.message, init.cause === undefined ? {} : { cause: init.cause });
    this.code = init.code;
    this.retry = init.retry;
    this.status = init.status;
    this.problem = init.problem;
    this.retryAfterMs = init.retryAfterMs;
    this.idempotencyKey = init.idempotencyKey;
  }
}

/** An `option_invalid` error. */
export function optionError(message: string, cause?: unknown): PushServerError {
  return new PushServerError({ code: "option_invalid", message, retry: "never", cause });
}
