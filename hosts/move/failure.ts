/** What goes wrong with somebody's folders and files, told as the commands tell it. */
import { CliFailure } from "../../cli/failure.ts";

/** Exit code of a failure on this machine, as of a start that fails. */
export const EXIT_HERE = 1;

/**
 * @param code name for --json
 * @param advice what to do about it
 */
export const moveFailure = (code: MoveCode, message: string, advice?: string): CliFailure =>
  new CliFailure(EXIT_HERE, code, message, advice);

export type MoveCode =
  /** A data folder, or what is to be made, is not as the command needs it. */
  | "folder_missing"
  | "folder_in_use"
  | "folder_not_empty"
  | "folder_damaged"
  | "folder_unwritable"
  | "file_exists"
  | "file_unreadable"
  | "export_damaged"
  | "export_too_new"
  /** The objects of the new mesh did not take the data: a full disk, or two of what there is one of. */
  | "import_failed"
  /** A disk that is full, a file that may not be written. */
  | "storage_failed"
  /** The host that owns the folder has another way. */
  | "host_unsuited";
