/** Requests as docs/openapi.json describes them, made at random. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Random } from "../chaos/random.ts";
import { ROOT } from "../support/host.ts";
import type { Json } from "./mutate/json.ts";

interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly const?: Json;
  readonly enum?: readonly [Json, ...Json[]];
  readonly anyOf?: readonly [Schema, ...Schema[]];
  readonly oneOf?: readonly [Schema, ...Schema[]];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
}

interface Parameter {
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly schema?: Schema;
}

export interface Operation {
  readonly id: string;
  readonly method: string;
  readonly path: string;
  readonly parameters: readonly Parameter[];
  readonly body: Schema | undefined;
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, DocumentedOperation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

interface DocumentedOperation {
  readonly operationId: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { schema: Schema }>> };
}

const document = JSON.parse(readFileSync(join(ROOT, "docs/openapi.json"), "utf8")) as Document;

export const OPERATIONS = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(
    ([method, { operationId, parameters = [], requestBody }]): Operation => ({
      id: operationId,
      method: method.toUpperCase(),
      path,
      parameters,
      body: requestBody?.content["application/json"]?.schema,
    }),
  ),
) as [Operation, ...Operation[]];

/** Values that mean something to the mesh, by the name of the field or parameter. */
export type Words = Readonly<Record<string, readonly [Json, ...Json[]]>>;

const DEPTH = 5;
const ANYTHING: readonly [Json, ...Json[]] = ["x", 1, { a: [1, null] }, null];

/** A value of a schema. @param name of the field that it is for */
export function sampleOf(schema: Schema, random: Random, words: Words, name = "", depth = 0): Json {
  if (schema.$ref !== undefined) {
    const target = document.components.schemas[schema.$ref.split("/").at(-1) ?? ""] ?? {};
    return sampleOf(target, random, words, name, depth);
  }
  if (schema.const !== undefined) return schema.const;
  if (schema.enum !== undefined) return random.pick(schema.enum);
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices !== undefined) {
    const choice = depth > DEPTH ? choices[0] : random.pick(choices);
    return sampleOf(choice, random, words, name, depth + 1);
  }
  const known = words[name];
  switch (schema.type) {
    case "object":
      return objectOf(schema, random, words, depth);
    case "array": {
      const length = random.between(schema.minItems ?? 0, Math.min(schema.maxItems ?? 3, 3));
      const one = (): Json => sampleOf(schema.items ?? {}, random, words, name, depth + 1);
      return Array.from({ length }, one);
    }
    case "boolean":
      return random.chance(0.5);
    case "integer":
    case "number": {
      const { minimum = 0, maximum = 1_000 } = schema;
      return random.pick([minimum, maximum, random.between(minimum, Math.min(maximum, 2 ** 31))]);
    }
    case "string":
      return known !== undefined && random.chance(0.95)
        ? random.pick(known)
        : textOf(schema, random);
    default:
      return known === undefined ? random.pick(ANYTHING) : random.pick(known);
  }
}

function textOf({ minLength = 0, maxLength = 40 }: Schema, random: Random): string {
  const length = random.pick([minLength, Math.min(maxLength, 40), random.between(minLength, 20)]);
  return random.pick(["a", "é", "0"]).repeat(length);
}

function objectOf(
  { properties = {}, required = [], additionalProperties }: Schema,
  random: Random,
  words: Words,
  depth: number,
): Json {
  const members = Object.entries(properties)
    .filter(([name]) => required.includes(name) || random.chance(0.25))
    .map(([name, schema]): [string, Json] => [
      name,
      sampleOf(schema, random, words, name, depth + 1),
    ]);
  if (typeof additionalProperties === "object" && random.chance(0.5))
    members.push(["extra", sampleOf(additionalProperties, random, words, "extra", depth + 1)]);
  return Object.fromEntries(members);
}
