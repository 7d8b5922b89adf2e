/** Where a mesh is: the origin of a URL, which has no path of its own. */

/** The origin of an http or https URL; undefined for any other text, also for one with a path or credentials: they would be lost. */
export function originOf(url: string): string | undefined {
  const { origin, protocol, pathname, search, hash, username, password } = URL.parse(url) ?? {};
  const isPlain = pathname === "/" && `${search}${hash}${username}${password}` === "";
  return isPlain && /^https?:$/.test(protocol ?? "") ? origin : undefined;
}

/** What is wrong with a URL that `originOf` does not take. */
export const noOrigin = (url: unknown): string =>
  // A password stays out of the logs.
  `url: ${`${url}`.replace(/\/\/.*@/, "//…@")} must be an origin without path and credentials, such as https://push.example.com`;
