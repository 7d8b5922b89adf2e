/** Which route a request takes, for those who decide by its path before the router reads it. */
import { getPath } from "hono/utils/url";

/** What the router, or the URL parser before it, may read otherwise than as it is written. */
const MAY_DIFFER = /[%\\]|\/\.|[^!-~]/;

/**
 * The path as the router reads it: `/v1/%64evices` is `/v1/devices`.
 *
 * @param target path and query
 */
export function routePath(target: string): string {
  const raw = target.split("?", 1)[0] ?? "";
  return raw.includes("%") ? read(raw) : raw;
}

/**
 * All paths that a host may read: Deno's URL resolves `..` and takes `\` for `/` before the router reads it, workerd's does not.
 *
 * @param target path and query
 */
export function routePaths(target: string): readonly string[] {
  const raw = target.split("?", 1)[0] ?? "";
  if (!MAY_DIFFER.test(raw)) return [raw];
  return [read(raw), read(new URL(`http://mesh${raw}`).pathname)];
}

const read = (path: string): string => getPath({ url: `http://mesh${path}` } as Request);
