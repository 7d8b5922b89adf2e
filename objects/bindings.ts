/** Reads counts from a worker's bindings, which are text. */
import { LIMITS } from "../schema/limits.ts";

/**
 * The count in a binding; undefined if the binding is not set.
 *
 * @throws Error if the text is not an integer above 0
 */
export function countOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const count = Number(text);
  if (!Number.isSafeInteger(count) || count < 1) throw new Error(`"${text}" is no count above 0`);
  return count;
}

/** How many objects an app's tag directory is spread over. */
export const shardsOf = (env: { readonly TAG_DIRECTORY_SHARDS?: string }): number =>
  countOf(env.TAG_DIRECTORY_SHARDS) ?? LIMITS.TAG_DIRECTORY_SHARDS;
