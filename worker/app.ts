/** The HTTPS face of the mesh: which route is where, and what becomes of an error. */
import { Hono } from "hono";
import { MeshError } from "../schema/errors.ts";
import { configOf } from "./config.ts";
import type { AppEnv } from "./context.ts";
import { METHODS } from "./methods.ts";
import { requireHost } from "./path.ts";
import { asMeshError, problemResponse } from "./problem.ts";
import { aliases } from "./routes/aliases.ts";
import { apps } from "./routes/apps.ts";
import { connect } from "./routes/connect.ts";
import { devices } from "./routes/devices.ts";
import { live } from "./routes/live.ts";
import { messages } from "./routes/messages.ts";
import { registrations } from "./routes/registrations.ts";
import { service } from "./routes/service.ts";
import { tags } from "./routes/tags.ts";

export const app = new Hono<AppEnv>();

app.use(async (c, next) => {
  requireHost(c.req.raw);
  c.set("receivedAt", Date.now());
  // Rather than run with an empty key, no route answers.
  c.set("config", configOf(c.env));
  await next();
});

app.route("/", service);
app.route("/v1/devices", devices);
app.route("/v1/connect", connect);
app.route("/v1/messages", messages);
app.route("/v1/tags", tags);
app.route("/v1/aliases", aliases);
app.route("/v1/registrations", registrations);
// Before the operator's routes, whose token guards all below /v1/apps.
app.route("/v1/apps", live);
app.route("/v1/apps", apps);

for (const [path, allow] of Object.entries(METHODS)) {
  app.all(path, () => problemResponse(new MeshError("method_not_allowed"), { allow }));
}

app.notFound(() => problemResponse(new MeshError("not_found")));
app.onError((error, c) => problemResponse(asMeshError(error, c.req.raw)));
