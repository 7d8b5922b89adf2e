/** Errors of webhooks, and of what devices send to their app's server (660–679). */
import { type ErrorRow, row } from "./row.ts";

export const WEBHOOK_ERRORS = {
  webhook_not_found: row(
    660,
    404,
    null,
    "never",
    "The app has no such webhook.",
    "List its webhooks: `pushmesh webhook list`.",
  ),
  too_many_webhooks: row(
    661,
    409,
    null,
    "never",
    "The app has the maximum number of webhooks.",
    "Delete those that you do not need (`pushmesh webhook delete`).",
  ),
  webhook_url_refused: row(
    662,
    400,
    null,
    "never",
    "The mesh may not call this URL.",
    "Give an https URL of the public internet, on port 443 or 8443. For development, the operator starts the mesh with --webhooks private.",
  ),
  webhooks_off: row(
    663,
    403,
    null,
    "never",
    "The operator has switched webhooks off.",
    "The operator starts the mesh with --webhooks public.",
  ),
  webhook_missing: row(
    664,
    null,
    null,
    "never",
    "The app's server has no webhook for this.",
    "Create a webhook that gets the event: `pushmesh webhook create <url>`.",
  ),
} as const satisfies Record<string, ErrorRow>;
