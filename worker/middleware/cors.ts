/** CORS of the routes that any page may call: one rule, so that what passes on one passes on all. */
import type { MiddlewareHandler } from "hono";
import { cors } from "hono/cors";
import type { Route } from "../../schema/http.ts";
import type { AppEnv } from "../context.ts";
import { isUpgrade } from "../request/upgrade.ts";

/** What Chromium keeps a preflight's answer at most, in seconds. */
const PREFLIGHT_SECONDS = 7_200;

/**
 * Lets pages of any origin call. An upgrade's answer is left as it is: CORS says nothing about it.
 *
 * Whatever headers a page asks for are allowed: pages send them without meaning to (`cache-control` of a reload, `traceparent`,
 * `baggage` and `sentry-trace` of monitoring scripts), and no route takes a right from one.
 */
export function openToPages({
  method,
  upgrade,
}: Pick<Route, "method" | "upgrade">): MiddlewareHandler<AppEnv> {
  const open = cors({
    origin: "*",
    allowMethods: [method],
    exposeHeaders: ["Retry-After"],
    maxAge: PREFLIGHT_SECONDS,
  });
  return upgrade ? (c, next) => (isUpgrade(c.req.raw) ? next() : open(c, next)) : open;
}
