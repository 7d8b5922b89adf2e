/** Lines as they are written: several at a time, those of one device together. */
import type { AppLine, DataLine, DevicePart } from "../../schema/export.ts";

/**
 * Lines of a batch. The longest, of outcomes, have some 65 KB, so that a batch and its objects' calls stay well under
 * the 32 MiB that a call between objects may have.
 */
export const BATCH_LINES = 256;

export interface Batch {
  readonly apps: readonly AppLine[];
  /** By name of the device, each in its order. */
  readonly devices: ReadonlyMap<string, readonly DevicePart[]>;
}

export function batchOf(lines: Iterable<DataLine>): Batch {
  const apps: AppLine[] = [];
  const devices = new Map<string, DevicePart[]>();
  for (const line of lines) {
    if (line.kind === "app") {
      apps.push(line);
      continue;
    }
    const parts = devices.get(line.device);
    if (parts === undefined) devices.set(line.device, [line]);
    else parts.push(line);
  }
  return { apps, devices };
}
