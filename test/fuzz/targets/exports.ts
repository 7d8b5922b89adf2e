/** Exports, line by line and as files: what is read is written again as it was, and all else is refused as damaged. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { CliFailure } from "../../../cli/failure.ts";
import { readExport } from "../../../hosts/move/reader.ts";
import { ExportWriter } from "../../../hosts/move/writer.ts";
import { exportLine, formatExportLine } from "../../../schema/export.ts";
import type { Random } from "../../chaos/random.ts";
import { LINES } from "../../hosts/support/export-lines.ts";
import { mutateBytes } from "../mutate/bytes.ts";
import { type Json, mutateJson } from "../mutate/json.ts";
import { type Probe, promise, type Target } from "../target.ts";

/** Of the inputs, those that are whole files. */
const FILES = 0.05;

function line(random: Random): boolean {
  const valid = JSON.parse(formatExportLine(random.pick(LINES as never))) as Json;
  // As text: JSON has no negative zero.
  const value = JSON.parse(JSON.stringify(mutateJson(valid, random)));
  const read = exportLine.safeParse(value);
  if (!read.success) return false;
  const again = exportLine.parse(JSON.parse(formatExportLine(read.data)));
  promise(isDeepStrictEqual(again, read.data), () => `${JSON.stringify(value)} changes`);
  return true;
}

function open(): Probe {
  const folder = mkdtempSync(join(tmpdir(), "pushmesh-fuzz-"));
  const whole = join(folder, "whole.ndjson");
  const writer = new ExportWriter(whole, 7);
  for (const each of LINES) writer.write(each);
  writer.finish();
  const file = join(folder, "changed.ndjson");
  const bytes = Uint8Array.from(readFileSync(whole));
  return {
    async attempt(random) {
      if (!random.chance(FILES)) return line(random);
      const changed = mutateBytes(bytes, random);
      writeFileSync(file, changed);
      try {
        for await (const read of readExport(file)) void read;
      } catch (error) {
        if (error instanceof CliFailure) return false;
        throw error;
      }
      promise(Buffer.from(changed).equals(bytes), () => "a changed file was read to its end");
      return true;
    },
    close: () => rmSync(folder, { recursive: true }),
  };
}

export const exports: Target = { name: "exports", share: 2, open };
