/**
 * Writes the TypeScript of the IDLs: that of the link in two forms, and one that only tests use. `node scripts/generate-schema.ts [--check]`.
 *
 * --check writes nothing and exits with 1 where a generated file is not current.
 */
import { mkdirSync, readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { putGenerated } from "./generated-file.ts";
import { readIdl } from "./thrift/idl.ts";
import { generateShapes } from "./thrift/shapes.ts";
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

const definitionsOf = (idl: string) => readIdl(readFileSync(resolve(root, idl), "utf8"));

for (const { idl, output, codec } of TARGETS) {
  const path = resolve(root, output);
  mkdirSync(dirname(path), { recursive: true });
  putGenerated(path, generateTypeScript(definitionsOf(idl), idl, codec), check);
}

putGenerated(
  resolve(root, "schema/generated/link-shapes.ts"),
  generateShapes(
    definitionsOf("schema/link.thrift"),
    "schema/link.thrift",
    "../codec",
    "./link.ts",
  ),
  check,
);
