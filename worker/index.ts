/** The deployed entry: the edge, and the classes of the Durable Objects behind it. */
import { app } from "./app.ts";
import { overBudget, type RateLimits } from "./workers/budgets.ts";
import { type WorkersEnv, workersEnv } from "./workers/env.ts";

export { AliasObject } from "../objects/durable/alias.ts";
export { AppObject } from "../objects/durable/app.ts";
export { AppDirectoryObject } from "../objects/durable/app-directory.ts";
export { DeviceObject } from "../objects/durable/device.ts";
export { LiveObject } from "../objects/durable/live.ts";
export { TagObject } from "../objects/durable/tag.ts";
export { TagDirectoryObject } from "../objects/durable/tag-directory.ts";
export { WebhookObject } from "../objects/durable/webhook/webhook.ts";

export default {
  async fetch(request, bindings, context) {
    const env = workersEnv(bindings);
    return (await overBudget(request, bindings, env)) ?? app.fetch(request, env, context);
  },
} satisfies ExportedHandler<WorkersEnv & RateLimits>;
