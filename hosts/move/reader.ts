/** Reads and checks an export line by line; memory is bounded by the longest line. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import {
  EXPORT_FORMAT,
  EXPORT_LINE_BYTES,
  EXPORT_VERSION,
  type ExportLine,
  exportLine,
  formatExportLine,
} from "../../schema/export.ts";
import { moveFailure } from "./failure.ts";

const LINE_FEED = 0x0a;

/** A line with data. */
export type ContentLine = Exclude<ExportLine, { kind: "header" | "end" }>;

/**
 * Yields the lines between header and end.
 *
 * @throws CliFailure if the file is not an export, or was changed. That may be known only at its end, so a caller that must not act on
 *   half a file has to read it twice.
 */
export async function* readExport(file: string): AsyncGenerator<ContentLine> {
  const damaged = (number: number, why: string) =>
    moveFailure("export_damaged", `${file}, line ${number}: ${why}; nothing was imported`);
  const hash = createHash("sha256");
  const order = new Order();
  let number = 0;
  let ended = false;
  for await (const bytes of linesOf(file)) {
    number += 1;
    if (ended) throw damaged(number, "there is more after the last line");
    if (bytes.at(-1) !== LINE_FEED) throw damaged(number, "the line is cut off, or too long");
    const json = parse(bytes);
    if (number === 1) requireVersion(file, json);
    const read = exportLine.safeParse(json);
    if (!read.success) {
      const [issue] = read.error.issues;
      throw damaged(number, `${issue?.path.join(".")}: ${issue?.message}`);
    }
    const line = read.data;
    const misplaced = order.check(line);
    if (misplaced !== undefined) throw damaged(number, misplaced);
    if (line.kind === "end") {
      if (line.lines !== number - 1) throw damaged(number, `lines are missing or too many`);
      // The checksum does not cover its own line, which JSON could say in several ways.
      if (formatExportLine(line) !== Buffer.from(bytes).toString())
        throw damaged(number, "the last line was changed");
      if (line.sha256 !== hash.digest("hex")) throw damaged(number, "the checksum differs");
      ended = true;
    } else {
      hash.update(bytes);
      if (line.kind !== "header") yield line;
    }
  }
  if (!ended) throw damaged(number + 1, "the file is cut off");
}

/** Undefined if it is not JSON, which no line can be. */
function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}

function requireVersion(file: string, json: unknown): void {
  const { format, version } = (json ?? {}) as { format?: unknown; version?: unknown };
  if (format !== EXPORT_FORMAT)
    throw moveFailure("export_damaged", `${file} is no export of a mesh`);
  if (typeof version === "number" && version > EXPORT_VERSION)
    throw moveFailure(
      "export_too_new",
      `${file} has version ${version} of the format, and this pushmesh reads ${EXPORT_VERSION}`,
      "Import it with the pushmesh that wrote it, or a newer one.",
    );
}

/** The order of the kinds of lines; kinds of the same rank in any order. */
const RANK: Readonly<Record<ExportLine["kind"], number>> = {
  header: 0,
  secrets: 1,
  demo: 2,
  app: 3,
  credential: 3,
  audit: 3,
  alias: 4,
  tag: 5,
  changes: 5,
  node: 6,
  members: 6,
  broadcast: 6,
  device: 7,
  registration: 7,
  subscription: 7,
  holding: 7,
  mail: 7,
  timeline: 7,
  receipt: 7,
  end: 8,
};
/** Kinds that occur at most once. */
const SINGLE: ReadonlySet<ExportLine["kind"]> = new Set(["header", "secrets", "demo", "end"]);

/** Checks the order of lines. */
class Order {
  #last: ExportLine["kind"] | undefined;
  /** The current object. */
  #node: string | undefined;
  #device: string | undefined;

  /** @returns why the line is misplaced; undefined if it is not */
  check(line: ExportLine): string | undefined {
    const { kind } = line;
    const last = this.#last;
    this.#last = kind;
    if (last === undefined) return kind === "header" ? undefined : "the header comes first";
    if ((last === "header") !== (kind === "secrets")) return "secrets come second";
    if (RANK[kind] < RANK[last] || (kind === last && SINGLE.has(kind)))
      return `${kind} after ${last}`;
    if (kind === "node") this.#node = line.node;
    else if (kind === "device") this.#device = line.device;
    else if ("node" in line && line.node !== this.#node) return `no node ${line.node} before it`;
    else if ("device" in line && line.device !== this.#device)
      return `no device ${line.device} before it`;
    return undefined;
  }
}

/**
 * Yields the lines of a file, each with its line feed. A last line without one, and a line longer than any in an export, which is cut, do
 * not end in a line feed.
 *
 * @throws CliFailure if the file cannot be read
 */
async function* linesOf(file: string): AsyncGenerator<Uint8Array> {
  let rest = Buffer.alloc(0);
  try {
    for await (const chunk of createReadStream(file)) {
      let bytes: Buffer = Buffer.concat([rest, chunk as Buffer]);
      for (let at = bytes.indexOf(LINE_FEED); at >= 0; at = bytes.indexOf(LINE_FEED)) {
        yield bytes.subarray(0, at + 1);
        bytes = bytes.subarray(at + 1);
      }
      if (bytes.length > EXPORT_LINE_BYTES) {
        yield bytes;
        return;
      }
      rest = Buffer.from(bytes);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
    throw moveFailure("file_unreadable", `${file} cannot be read: ${(error as Error).message}`);
  }
  if (rest.length > 0) yield rest;
}
