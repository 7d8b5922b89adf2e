/** CORS of the routes that any page may call: one rule, so that what passes on one passes on all. */
import { cors } from "hono/cors";

/** What Chromium keeps a preflight's answer at most, in seconds. */
const PREFLIGHT_SECONDS = 7_200;

/**
 * Lets pages of any origin call.
 *
 * Whatever headers a page asks for are allowed: pages send them without meaning to (`cache-control` of a reload, `traceparent`,
 * `baggage` and `sentry-trace` of monitoring scripts), and no route takes a right from one.
 */
export const openToPages = (method: "GET" | "POST") =>
  cors({
    origin: "*",
    allowMethods: [method],
    exposeHeaders: ["Retry-After"],
    maxAge: PREFLIGHT_SECONDS,
  });
