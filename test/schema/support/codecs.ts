/** Our generated codecs by the name of the struct, beside the IDL they were made from. */
import { resolve } from "node:path";
import * as link from "../../../schema/generated/link.ts";
import * as kitchen from "../generated/kitchen.ts";
import { type Ast, readAst } from "./idl.ts";

export const REPOSITORY = resolve(import.meta.dirname, "../../..");

export interface Codec {
  readonly name: string;
  readonly ast: Ast;
  readonly encode: (value: unknown) => Uint8Array;
  readonly decode: (bytes: Uint8Array) => unknown;
}

function codecsOf(idl: string, module: object): Codec[] {
  const ast = readAst(resolve(REPOSITORY, idl));
  return [...ast.shapes.keys()].map((name) => ({
    name,
    ast,
    encode: named<Codec["encode"]>(module, `encode${name}`),
    decode: named<Codec["decode"]>(module, `decode${name}`),
  }));
}

function named<F>(module: object, name: string): F {
  const found: unknown = Reflect.get(module, name);
  if (typeof found !== "function") throw new Error(`${name} is not generated`);
  return found as F;
}

/** Every struct and union of the link. */
export const LINK_CODECS = codecsOf("schema/link.thrift", link);
/** And those of the IDL that has what the link has not. */
export const ALL_CODECS = [
  ...LINK_CODECS,
  ...codecsOf("test/schema/support/kitchen.thrift", kitchen),
];

export function linkCodec(name: string): Codec {
  const codec = LINK_CODECS.find((candidate) => candidate.name === name);
  if (codec === undefined) throw new Error(`no struct ${name}`);
  return codec;
}
