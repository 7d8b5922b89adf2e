/** The HTTPS edge of the mesh: routes requests to handlers, and turns errors into answers. */
import { Hono } from "hono";
import { MeshError } from "../schema/errors.ts";
import {
  allowOf,
  isPolled,
  type NamedRoute,
  type PathRoutes,
  routesByPath,
} from "../schema/http.ts";
import { requireAdmin, requireRole } from "./admin/operator.ts";
import { configOf } from "./config.ts";
import type { AppEnv, Handlers, MeshContext } from "./context.ts";
import { openToPages } from "./middleware/cors.ts";
import { unlessUnchanged } from "./middleware/etag.ts";
import { asMeshError, problemResponse } from "./problem.ts";
import { requireHost } from "./request/path.ts";
import { aliases } from "./routes/aliases.ts";
import { apps } from "./routes/apps.ts";
import { connect } from "./routes/connect.ts";
import { devices } from "./routes/devices.ts";
import { docs } from "./routes/docs.ts";
import { encryption } from "./routes/encryption.ts";
import { grants } from "./routes/grants.ts";
import { live } from "./routes/live.ts";
import { messageList } from "./routes/message-list.ts";
import { messages } from "./routes/messages.ts";
import { operators } from "./routes/operators.ts";
import { recall } from "./routes/recall.ts";
import { registrations } from "./routes/registrations.ts";
import { senderLink } from "./routes/sender-link.ts";
import { service } from "./routes/service.ts";
import { tags } from "./routes/tags.ts";
import { webhooks } from "./routes/webhooks.ts";
import { tellQuota } from "./send/quota.ts";

/** The handler of each route. A route without one does not compile. */
const HANDLERS: Handlers = {
  ...service,
  ...docs,
  ...devices,
  ...connect,
  ...messages,
  ...senderLink,
  ...recall,
  ...tags,
  ...aliases,
  ...registrations,
  ...grants,
  ...encryption,
  ...live,
  ...messageList,
  ...webhooks,
  ...apps,
  ...operators,
};

export const app = new Hono<AppEnv>();

app.use(async (c, next) => {
  requireHost(c.req.raw);
  c.set("receivedAt", Date.now());
  // Throws if a setting is missing: no route answers with an empty key.
  c.set("config", configOf(c.env));
  await next();
  const quota = c.get("quota");
  if (quota !== undefined) await tellQuota(c, quota);
});

/** The handler of a route; a signed one learns which scopes its table names. */
function handlerOf({ id, scopes }: NamedRoute): (c: MeshContext) => Response | Promise<Response> {
  if (scopes === undefined) return HANDLERS[id];
  return (c) => {
    c.set("scopes", scopes);
    return HANDLERS[id](c);
  };
}

/** Registers the routes of these paths; other methods are answered 405. */
function serve(paths: readonly PathRoutes[]): void {
  for (const { path, routes } of paths) {
    for (const route of routes) if (route.cors) app.use(path, openToPages(route));
    for (const route of routes) {
      const { method, auth, role = "owner" } = route;
      if (isPolled(route)) app.use(path, unlessUnchanged);
      if (auth === "admin") app.on(method, path, requireRole(role), handlerOf(route));
      else app.on(method, path, handlerOf(route));
    }
    const allow = allowOf(routes);
    app.all(path, () => problemResponse(new MeshError("method_not_allowed"), { allow }));
  }
}

const isOperators = ({ routes }: PathRoutes): boolean =>
  routes.some(({ auth }) => auth === "admin");
const paths = routesByPath();

serve(paths.filter((path) => !isOperators(path)));
// Guards unknown paths, too: only the operator learns which paths exist.
app.use("/v1/apps/*", requireAdmin);
app.use("/v1/admin/*", requireAdmin);
serve(paths.filter(isOperators));

app.notFound(() => problemResponse(new MeshError("not_found")));
app.onError((error, c) => problemResponse(asMeshError(error, c.req.raw)));
