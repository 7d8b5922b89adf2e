/** Writes a generated file, or proves that the committed one is current. */
import { readFileSync, writeFileSync } from "node:fs";

/**
 * @param check Compare only. A file that is not current is named on stderr, and the process exits with 1 at its end.
 */
export function putGenerated(path: string, content: string, check: boolean): void {
  if (!check) {
    writeFileSync(path, content);
    return;
  }
  let current: string | undefined;
  try {
    current = readFileSync(path, "utf8");
  } catch {
    // Not there is not current.
  }
  if (current === content) return;
  process.stderr.write(`${path} is not current: generate it again\n`);
  process.exitCode = 1;
}
