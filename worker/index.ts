/** The deployed entry: the HTTPS face and the classes of the objects behind it. */
import { app } from "./app.ts";
import { type WorkersEnv, workersEnv } from "./workers-env.ts";

export { AppObject } from "../objects/app.ts";
export { AppDirectoryObject } from "../objects/app-directory.ts";
export { DeviceObject } from "../objects/device.ts";

export default {
  fetch: (request, bindings, context) => app.fetch(request, workersEnv(bindings), context),
} satisfies ExportedHandler<WorkersEnv>;
