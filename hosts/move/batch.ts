/** Groups lines of an export by object, to write several at a time. */
import type {
  AliasLine,
  AppLine,
  DataLine,
  DevicePart,
  DirectoryLine,
  NodePart,
  OperatorsLine,
} from "../../schema/export.ts";

/**
 * Lines of a batch. The longest, of members and outcomes, have some 100 KB, so that a batch stays below the 32 MiB that a call between
 * objects may have.
 */
export const BATCH_LINES = 256;

interface Batch {
  readonly apps: readonly AppLine[];
  readonly operators: readonly OperatorsLine[];
  readonly aliases: readonly AliasLine[];
  /** By app, as base64url of its 8 bytes. */
  readonly tags: ReadonlyMap<string, readonly DirectoryLine[]>;
  /** By name of the node, in order. */
  readonly nodes: ReadonlyMap<string, readonly NodePart[]>;
  /** By name of the device, in order. */
  readonly devices: ReadonlyMap<string, readonly DevicePart[]>;
}

export function batchOf(lines: Iterable<DataLine>): Batch {
  const apps: AppLine[] = [];
  const operators: OperatorsLine[] = [];
  const aliases: AliasLine[] = [];
  const tags = new Map<string, DirectoryLine[]>();
  const nodes = new Map<string, NodePart[]>();
  const devices = new Map<string, DevicePart[]>();
  for (const line of lines) {
    if (line.kind === "app") apps.push(line);
    else if (line.kind === "credential" || line.kind === "audit") operators.push(line);
    else if (line.kind === "alias") aliases.push(line);
    else if (line.kind === "tag" || line.kind === "changes") add(tags, line.app, line);
    else if ("node" in line) add(nodes, line.node, line);
    else add(devices, line.device, line);
  }
  return { apps, operators, aliases, tags, nodes, devices };
}

function add<Line>(map: Map<string, Line[]>, name: string, line: Line): void {
  const lines = map.get(name);
  if (lines === undefined) map.set(name, [line]);
  else lines.push(line);
}
