/** Names in paths: a tag or an alias may be any text, a part of a path may not. */
import { optionError } from "./errors.ts";

/** An empty part, and these, mean another path to whoever reads the URL. */
const NO_PARTS: ReadonlySet<string> = new Set(["", ".", ".."]);

/**
 * A tag or alias as a part of a path.
 *
 * @param what what it is called where it is refused
 * @throws PushServerError `option_invalid` where no path can name it
 */
export function pathPart(what: "tag" | "alias", name: string): string {
  if (NO_PARTS.has(name)) throw optionError(`${what}: ${JSON.stringify(name)} fits in no path`);
  try {
    return encodeURIComponent(name);
  } catch (cause) {
    throw optionError(`${what}: must be well-formed Unicode`, cause);
  }
}
