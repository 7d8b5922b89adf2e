/** Calls of objects by the edge and by each other: what a failure means, and whether to retry. */
import { MeshError } from "../schema/errors.ts";

/** What the runtime puts on the error of a call. */
type CallError = Error & {
  readonly overloaded?: unknown;
  readonly retryable?: unknown;
  /** Of a `MeshError`. */
  readonly code?: unknown;
};

const flagged = (error: unknown, flag: "overloaded" | "retryable"): boolean =>
  error instanceof Error && (error as CallError)[flag] === true;

/**
 * Calls an object, and retries once if the runtime says that a fresh stub may succeed.
 *
 * @param call Gets a fresh stub and calls it. It may run twice, so it must be idempotent; a send is, by its key.
 * @throws MeshError `overloaded` if the object is too busy, or still runs code of before a deploy that lacks the method. That is not
 *   retried here.
 */
export async function callObject<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    return callAgain(error, call);
  }
}

/** Goes on as `callObject` does after a first call that has failed: for callers who make that themselves. */
export async function callAgain<T>(error: unknown, call: () => Promise<T>): Promise<T> {
  if (flagged(error, "overloaded") || !flagged(error, "retryable")) throw explain(error);
  return callOnce(call);
}

/** Calls an object without a retry: for non-idempotent calls. */
export async function callOnce<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw explain(error);
  }
}

/** An object in use keeps its old code for up to 5 minutes after a deploy; by then it has the method. */
const isOfOldCode = (error: unknown): boolean =>
  error instanceof TypeError && error.message.includes("does not implement the method");

function explain(error: unknown): unknown {
  if (flagged(error, "overloaded") || flagged(error, "retryable") || isOfOldCode(error))
    return new MeshError("overloaded", undefined, { cause: error });
  return isOfStorage(error)
    ? new MeshError("storage_unavailable", undefined, { cause: error })
    : error;
}

/** Whether the object refused the call because of its storage, or ended itself for that: the runtime passes on the code or the message. */
const isOfStorage = (error: unknown): boolean =>
  error instanceof Error &&
  ((error as CallError).code === "storage_unavailable" ||
    error.message.startsWith("storage_unavailable: "));
