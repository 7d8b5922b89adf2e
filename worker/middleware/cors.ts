/** CORS for the routes that any page may call. */
import type { MiddlewareHandler } from "hono";
import { cors } from "hono/cors";
import type { Route } from "../../schema/http.ts";
import type { AppEnv } from "../context.ts";
import { isUpgrade } from "../request/upgrade.ts";

/** The longest that Chromium caches a preflight. */
const PREFLIGHT_SECONDS = 7_200;

/**
 * Allows pages of any origin. CORS does not apply to upgrades, whose answers are left alone.
 *
 * All request headers are allowed: pages send some unintentionally (`cache-control` of a reload, `traceparent`, `baggage` and
 * `sentry-trace` of monitoring scripts), and no header grants anything on these routes.
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
