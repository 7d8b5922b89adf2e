/** Routes about the mesh itself. */
import { Hono } from "hono";
import { LINK_SUBPROTOCOL } from "../../objects/close.ts";
import type { AppEnv } from "../context.ts";
import { openToPages } from "../middleware/cors.ts";

export const service = new Hono<AppEnv>();

service.get("/", (c) =>
  c.json({
    service: "pushmesh",
    protocol: LINK_SUBPROTOCOL,
    documentation: "docs/api.md and docs/protocol.md of the pushmesh package",
  }),
);

/** Any page may read the clock: a device in a browser needs it to mend its own. */
service.use("/healthz", openToPages("GET"));
service.get("/healthz", (c) => {
  c.header("cache-control", "no-store");
  return c.json({ status: "ok", now: Date.now() });
});
