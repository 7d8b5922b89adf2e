/** A row could not be written or read. */
import { MeshError } from "../schema/errors.ts";

/** What the row was about must not be answered from memory. */
export class StorageError extends MeshError {
  constructor(cause: unknown) {
    // SQLite's message, such as "database or disk is full", holds none of the data.
    super("storage_unavailable", messageOf(cause), { cause });
  }
}

export const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

/** The error that closes a link, and that waiting callers get. */
export const codeOf = (error: unknown): "storage_unavailable" | "internal" =>
  error instanceof StorageError ? "storage_unavailable" : "internal";
