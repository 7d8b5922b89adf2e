/** The deployed entry: the HTTPS face and the classes of the objects behind it. */
import { app } from "./app.ts";
import type { Env } from "./env.ts";

export { AppObject } from "../objects/app.ts";
export { AppDirectoryObject } from "../objects/app-directory.ts";
export { DeviceObject } from "../objects/device.ts";

export default { fetch: app.fetch } satisfies ExportedHandler<Env>;
