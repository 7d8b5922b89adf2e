/**
 * Writes the TypeScript of the IDLs: that of the link, and one that only tests use. `node scripts/generate-schema.ts [--check]`.
 *
 * --check writes nothing and exits with 1 if a generated file is not current.
 */
import { mkdirSync, readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { putGenerated } from "./generated-file.ts";
import { readIdl } from "./thrift/idl.ts";
import { generateTypeScript } from "./thrift/typescript.ts";

const root = resolve(import.meta.dirname, "..");
const check = process.argv.includes("--check");

const TARGETS = [
  { idl: "schema/link.thrift", output: "schema/generated/link.ts", codec: "../codec" },
  {
    idl: "test/schema/support/kitchen.thrift",
    output: "test/schema/generated/kitchen.ts",
    codec: "../../../schema/codec",
  },
] as const;

for (const { idl, output, codec } of TARGETS) {
  const path = resolve(root, output);
  mkdirSync(dirname(path), { recursive: true });
  const definitions = readIdl(readFileSync(resolve(root, idl), "utf8"));
  putGenerated(path, generateTypeScript(definitions, idl, codec), check);
}
