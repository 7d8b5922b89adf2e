/** A row could not be written or read. */
import { MeshError } from "../schema/errors.ts";

/** Nothing may be answered from what it was about. */
export class StorageError extends MeshError {
  constructor(cause: unknown) {
    // SQLite's words, such as "database or disk is full"; they hold none of the data.
    super("storage_unavailable", messageOf(cause), { cause });
  }
}

export const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

/** What a link is closed with, and those are refused who wait. */
export const codeOf = (error: unknown): "storage_unavailable" | "internal" =>
  error instanceof StorageError ? "storage_unavailable" : "internal";
