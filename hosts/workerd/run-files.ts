/** The files in a data folder's `run` folder that concern workerd. */
import { join } from "node:path";

/** Name of the bundle. */
export const BUNDLE = "worker.js";

/** @param run the folder */
export const runFiles = (run: string) => ({
  bundle: join(run, BUNDLE),
  config: join(run, "workerd.capnp"),
  /** Process ID of the running workerd. */
  pid: join(run, "workerd.pid"),
});
