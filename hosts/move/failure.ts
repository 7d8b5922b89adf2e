/** Failures with a user's folders and files, reported as the commands report them. */
import { CliFailure } from "../../cli/failure.ts";

/** Exit code of a failure on this machine, the same as of a failed start. */
export const EXIT_HERE = 1;

/**
 * @param code for --json
 * @param advice what the user can do
 */
export const moveFailure = (code: MoveCode, message: string, advice?: string): CliFailure =>
  new CliFailure(EXIT_HERE, code, message, advice);

type MoveCode =
  /** A data folder, or the file or folder to create, is not as the command needs it. */
  | "folder_missing"
  | "folder_in_use"
  | "folder_not_empty"
  | "folder_damaged"
  | "folder_unwritable"
  | "file_exists"
  | "file_unreadable"
  | "export_damaged"
  | "export_too_new"
  /** The objects of the new mesh did not accept the data: a full disk, or duplicates. */
  | "import_failed"
  /** A full disk, or a file that cannot be written. */
  | "storage_failed"
  /** The command does not support the host of the folder. */
  | "host_unsuited";
