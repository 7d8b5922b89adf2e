/** The ports by which a host reads and writes the data of a mesh. */
import type { LostSecret } from "../../core/move/app.ts";
import type { DataLine } from "../../schema/export.ts";

/** The data of a stopped mesh. */
export interface MeshSource {
  /**
   * All lines, in the order of schema/export.ts; read lazily.
   *
   * @param onLost is told each secret that cannot be opened, and is therefore in no line
   */
  lines(onLost: (lost: LostSecret) => void): Iterable<DataLine>;
  close(): void;
}

/** A new mesh that serves no requests. */
export interface MeshTarget {
  /** Writes the next lines of an export; resolves when they are on disk. */
  write(lines: readonly DataLine[]): Promise<void>;
  /** Ends writing; the data can then be moved. */
  close(): Promise<void>;
}
