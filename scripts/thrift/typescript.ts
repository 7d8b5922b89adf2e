/** Writes the TypeScript module of an IDL: constants, types, and an encoder and a decoder per struct. */
import type { IdlDefinition } from "./idl.ts";
import { enumShape, structShape } from "./shapes.ts";
import { constCode, enumType, structType } from "./types.ts";

function definitionCode(definition: IdlDefinition): string {
  switch (definition.kind) {
    case "const":
      return constCode(definition);
    case "enum":
      return `${enumType(definition)}\n${enumShape(definition)}`;
    default:
      return `${structType(definition)}\n${structShape(definition)}`;
  }
}

/** An import of those names that `body` uses. */
function importCode(body: string, module: string, names: readonly string[]): string {
  const used = names.filter((name) => new RegExp(`\\b${name.replace("type ", "")}\\b`).test(body));
  return `import { ${used.join(", ")} } from "${module}";\n`;
}

const SHAPES = [
  "type Shape",
  "BINARY",
  "BOOL",
  "I16",
  "I32",
  "I64",
  "STRING",
  "enumeration",
  "list",
  "struct",
  "union",
];

/**
 * The source text of the generated module.
 *
 * @param idlName Shown in the header.
 * @param codec Import path of the codec's folder, relative to the generated file.
 */
export function generateTypeScript(
  definitions: readonly IdlDefinition[],
  idlName: string,
  codec: string,
): string {
  const body = definitions.map(definitionCode).join("\n");
  return [
    `// Made by scripts/generate-schema.ts from ${idlName}. Do not edit: run that again.\n`,
    "// The number of a struct has a bit per ID of its required fields.\n\n",
    importCode(body, `${codec}/reader.ts`, ["decode"]),
    importCode(body, `${codec}/shape.ts`, SHAPES),
    importCode(body, `${codec}/writer.ts`, ["encode"]),
    "\n",
    body,
  ].join("");
}
