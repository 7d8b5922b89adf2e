/** Names that apps choose: of tags and aliases. */
import { MeshError } from "../../schema/errors.ts";
import { LIMITS } from "../../schema/limits.ts";

const utf8 = new TextEncoder();

/** Length in UTF-8; undefined for text that has none, because a half of a surrogate pair stands alone in it. */
export function utf8Length(text: string): number | undefined {
  return text.isWellFormed() ? utf8.encode(text).length : undefined;
}

function problemOf(name: string, maxBytes: number): string | null {
  if (name === "") return "it is empty";
  const bytes = utf8Length(name);
  if (bytes === undefined) return "it is no UTF-8";
  return bytes > maxBytes ? `it has ${bytes} bytes, at most ${maxBytes}` : null;
}

/** Null for a tag that apps may join and leave. */
export function tagProblem(tag: string): MeshError | null {
  const problem = problemOf(tag, LIMITS.TAG_BYTES);
  return problem === null ? null : new MeshError("tag_invalid", problem);
}

/** Null for an alias that can be. */
export function aliasProblem(alias: string): MeshError | null {
  const problem = problemOf(alias, LIMITS.ALIAS_BYTES);
  return problem === null ? null : new MeshError("alias_invalid", problem);
}
