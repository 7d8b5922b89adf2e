/** Calls of objects, by the edge and by each other: what a failure means, and whether to try again. */
import { MeshError } from "../schema/errors.ts";

/** What the runtime puts on an error of a call. */
type CallError = Error & {
  readonly overloaded?: unknown;
  readonly retryable?: unknown;
  /** Of a `MeshError`. */
  readonly code?: unknown;
};

const flagged = (error: unknown, flag: "overloaded" | "retryable"): boolean =>
  error instanceof Error && (error as CallError)[flag] === true;

/**
 * Calls an object, and once more where the runtime says that a fresh stub may succeed.
 *
 * @param call - Gets a fresh stub and calls it. It may run twice, so it must be idempotent: a send is, by its key.
 * @throws MeshError `overloaded` where the object is too busy, or runs code of before a deploy that lacks the method; that is never
 * tried again from here.
 */
export async function callObject<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (flagged(error, "overloaded") || !flagged(error, "retryable")) throw explain(error);
  }
  return callOnce(call);
}

/** Calls an object and does not try again: for what is not the same when it is done twice. */
export async function callOnce<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw explain(error);
  }
}

/** An object in use keeps the code of before for up to 5 minutes of a deploy: what that does not know yet, it will. */
const isOfOldCode = (error: unknown): boolean =>
  error instanceof TypeError && error.message.includes("does not implement the method");

function explain(error: unknown): unknown {
  if (flagged(error, "overloaded") || flagged(error, "retryable") || isOfOldCode(error))
    return new MeshError("overloaded", undefined, { cause: error });
  return isOfStorage(error)
    ? new MeshError("storage_unavailable", undefined, { cause: error })
    : error;
}

/** A refusal that the object threw, or the reason that it ended itself for: what the runtime brings over of either. */
const isOfStorage = (error: unknown): boolean =>
  error instanceof Error &&
  ((error as CallError).code === "storage_unavailable" ||
    error.message.startsWith("storage_unavailable: "));
