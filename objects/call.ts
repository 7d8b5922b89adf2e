/** Calls of objects, by the edge and by each other: what a failure means, and whether to try again. */
import { MeshError } from "../schema/errors.ts";

/** What the runtime puts on an error of a call. */
type CallError = Error & { readonly overloaded?: unknown; readonly retryable?: unknown };

const flagged = (error: unknown, flag: "overloaded" | "retryable"): boolean =>
  error instanceof Error && (error as CallError)[flag] === true;

/**
 * Calls an object, and once more where the runtime says that a fresh stub may succeed.
 *
 * @param call - Gets a fresh stub and calls it. It may run twice, so it must be idempotent: a send is, by its key.
 * @throws MeshError `overloaded` where the object is too busy; that is never tried again from here.
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

function explain(error: unknown): unknown {
  return flagged(error, "overloaded") || flagged(error, "retryable")
    ? new MeshError("overloaded", undefined, { cause: error })
    : error;
}
