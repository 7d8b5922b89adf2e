/** Where data of a mesh comes from and goes to: one of each for every host. */
import type { DataLine } from "../../schema/export.ts";

/** The objects of a mesh that is stopped. */
export interface MeshSource {
  /** Every app, oldest first, then device after device, as schema/export.ts orders them; reads as it goes. */
  lines(): Iterable<DataLine>;
  close(): void;
}

/** The objects of a mesh that holds nothing yet and serves nobody. */
export interface MeshTarget {
  /** Resolves when the lines, the next ones of an export, are on disk. */
  write(lines: readonly DataLine[]): Promise<void>;
  /** Ends the writing; what was written can then be moved. */
  close(): Promise<void>;
}
