/** Names in paths: a tag or an alias may be any text, but not every text can be a segment of a path. */
import { optionError } from "./errors.ts";

/** URL parsers resolve these segments to another path. */
const NO_PARTS: ReadonlySet<string> = new Set(["", ".", ".."]);

/**
 * Encodes a tag or alias as a segment of a path.
 *
 * @param what its name in the error
 * @throws PushServerError `option_invalid` if no path can contain it
 */
export function pathPart(what: "tag" | "alias", name: string): string {
  if (NO_PARTS.has(name)) throw optionError(`${what}: ${JSON.stringify(name)} fits in no path`);
  try {
    return encodeURIComponent(name);
  } catch (cause) {
    throw optionError(`${what}: must be well-formed Unicode`, cause);
  }
}
