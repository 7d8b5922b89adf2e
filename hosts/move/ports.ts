/** The ports by which a host reads and writes the data of a mesh. */
import type { DataLine } from "../../schema/export.ts";

/** The data of a stopped mesh. */
export interface MeshSource {
  /** All lines, in the order of schema/export.ts; read lazily. */
  lines(): Iterable<DataLine>;
  close(): void;
}

/** A new mesh that serves no requests. */
export interface MeshTarget {
  /** Writes the next lines of an export; resolves when they are on disk. */
  write(lines: readonly DataLine[]): Promise<void>;
  /** Ends writing; the data can then be moved. */
  close(): Promise<void>;
}
