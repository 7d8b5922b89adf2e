/** What a mesh takes of its machine. */
import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { descriptors, residentKb } from "../../../bench/process.ts";

export interface Footprint {
  readonly memoryKb: number;
  readonly diskKb: number;
  readonly descriptors: number;
}

/** @param pid of the process that started all others of the mesh */
export const footprintOf = (pid: number, folder: string): Footprint => ({
  memoryKb: residentKb(pid),
  diskKb: diskKb(folder),
  descriptors: descriptors(pid),
});

/** What the files of a folder take on the disk. */
function diskKb(folder: string): number {
  let bytes = 0;
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    try {
      bytes += lstatSync(join(folder, name)).blocks * 512;
    } catch {
      // It was deleted meanwhile.
    }
  }
  return Math.round(bytes / 1_024);
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
