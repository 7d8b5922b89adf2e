/**
 * Writes schema/vectors/link.json. `node scripts/generate-vectors.ts [--check]`.
 *
 * --check writes nothing and exits with 1 if the file is not current.
 */
import { resolve } from "node:path";
import { putGenerated } from "./generated-file.ts";
import { toVectorJson } from "./vectors/json.ts";
import { BAD, FORMS } from "./vectors/link-bytes.ts";
import { VALUES } from "./vectors/link-values.ts";

const vectors: readonly object[] = [
  ...VALUES.map(({ name, struct, bytes, value }) => ({
    name,
    struct,
    hex: Buffer.from(bytes).toString("hex"),
    value,
  })),
  ...FORMS.map((vector) => ({ ...vector, canonical: false })),
  ...BAD,
];

// One vector a line: a change of one is a change of one line.
const lines = vectors.map((vector) => `  ${JSON.stringify(vector, toVectorJson)}`);
const path = resolve(import.meta.dirname, "../schema/vectors/link.json");
putGenerated(path, `[\n${lines.join(",\n")}\n]\n`, process.argv.includes("--check"));
