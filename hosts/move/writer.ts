/** Writes an export, readable only by the user (0600), completely or not at all. */
import { createHash } from "node:crypto";
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import {
  EXPORT_FORMAT,
  EXPORT_VERSION,
  type ExportLine,
  formatExportLine,
} from "../../schema/export.ts";
import { syncFolderOf } from "./disk.ts";
import { moveFailure } from "./failure.ts";

/** Bytes buffered for one write. */
const CHUNK_BYTES = 262_144;

export class ExportWriter {
  readonly #file: string;
  readonly #part: string;
  readonly #fd: number;
  readonly #hash = createHash("sha256");
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #lines = 0;
  #bytes = 0;

  /**
   * @param now milliseconds since 1970
   * @throws CliFailure if the file exists, or cannot be created
   */
  constructor(file: string, now: number) {
    if (existsSync(file))
      throw moveFailure("file_exists", `${file} is there already`, "Name another file.");
    this.#file = file;
    this.#part = `${file}.${process.pid}.part`;
    try {
      this.#fd = openSync(this.#part, "wx", 0o600);
    } catch (error) {
      throw moveFailure("folder_unwritable", `${file} cannot be made: ${(error as Error).message}`);
    }
    const head = { format: EXPORT_FORMAT, version: EXPORT_VERSION, exportedAt: now } as const;
    this.write({ kind: "header", ...head });
  }

  /** Number of lines written. */
  get lines(): number {
    return this.#lines;
  }

  write(line: ExportLine): void {
    const bytes = Buffer.from(formatExportLine(line));
    this.#hash.update(bytes);
    this.#lines += 1;
    this.#bytes += bytes.length;
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    if (this.#waitingBytes >= CHUNK_BYTES) this.#flush();
  }

  /**
   * Writes the last line, and renames the file into place when all of it is on disk.
   *
   * @returns the size in bytes
   */
  finish(): number {
    const sha256 = this.#hash.copy().digest("hex");
    this.write({ kind: "end", lines: this.#lines, sha256 });
    this.#flush();
    fsyncSync(this.#fd);
    closeSync(this.#fd);
    renameSync(this.#part, this.#file);
    syncFolderOf(this.#file);
    return this.#bytes;
  }

  /** Removes the incomplete file. */
  abandon(): void {
    rmSync(this.#part, { force: true });
  }

  #flush(): void {
    const bytes = Buffer.concat(this.#waiting);
    for (let at = 0; at < bytes.length; ) at += writeSync(this.#fd, bytes, at);
    this.#waiting = [];
    this.#waitingBytes = 0;
  }
}
