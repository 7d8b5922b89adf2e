/**
 * The documentation, as `npm run docs` builds it. A host gives the files; which are asked for, and what a browser may do with them, is decided
 * here for every host.
 */
import { MeshError } from "../../schema/errors.ts";
import type { Handlers } from "../context.ts";

const ROOT = "/docs";
const NOT_BUILT =
  "this mesh serves no documentation: in a clone of the repository, npm run docs builds it into dist/docs/, and the next start serves it";

/** A file of the site. A folder has no extension; in media/ are only files, some of them without one. Nothing begins with a dot. */
const FILE = /^(?:[\w-][\w.-]*\/)*[\w-][\w-]*(?:\.[\w-]+)+$/;
const MEDIA = /^media\/[\w-][\w.-]*$/;

/** By extension. Everything else is a source that a page refers to: browsers show it, and run nothing. */
const TYPES: Readonly<Record<string, string>> = {
  css: "text/css; charset=utf-8",
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  json: "application/json",
  png: "image/png",
  svg: "image/svg+xml",
  webp: "image/webp",
};
const PLAIN = "text/plain; charset=utf-8";

/**
 * TypeDoc's search reads its index by a data: URL; both it and the reference of the API set styles, and the latter has fonts in them. Pages share the origin of the mesh's API,
 * which they may not call.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src data:",
  "connect-src data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const HEADERS = {
  // Shorter than anybody waits for a change of the documentation.
  "cache-control": "public, max-age=300",
  "content-security-policy": POLICY,
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};

const typeOf = (file: string): string =>
  TYPES[file.slice(file.lastIndexOf(".") + 1).toLowerCase()] ?? PLAIN;

export const docs: Handlers<"getDocs"> = {
  getDocs: async (c) => {
    // As the router read it: what was escaped in it is not any more.
    const { path } = c.req;
    if (c.env.DOCS === undefined) throw new MeshError("not_found", NOT_BUILT);
    if (path === ROOT) return c.body(null, 308, { location: `${ROOT}/` });
    const file = path.slice(ROOT.length + 1) || "index.html";
    if (!FILE.test(file) && !MEDIA.test(file)) throw new MeshError("not_found");
    const found = await c.env.DOCS.fetch(`http://docs/${file}`);
    const { status, body } = found;
    const length = found.headers.get("content-length");
    if (status !== 200 || length === null || body === null) {
      await body?.cancel();
      throw new MeshError("not_found");
    }
    return c.body(body, 200, {
      ...HEADERS,
      "content-length": length,
      "content-type": typeOf(file),
    });
  },
};
