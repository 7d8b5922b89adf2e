/** The URL of a mesh: an origin, without a path. */

/** The origin of an http or https URL; undefined for any other text, and for a URL with a path or credentials, which would be lost. */
export function originOf(url: string): string | undefined {
  const { origin, protocol, pathname, search, hash, username, password } = URL.parse(url) ?? {};
  const isPlain = pathname === "/" && `${search}${hash}${username}${password}` === "";
  return isPlain && /^https?:$/.test(protocol ?? "") ? origin : undefined;
}

/** The error message for a URL that `originOf` refuses. */
export const noOrigin = (url: unknown): string =>
  // Keeps passwords out of logs.
  `url: ${`${url}`.replace(/.*@/s, "…@")} must be an origin without path and credentials, such as https://push.example.com`;
