/** Takes the place of hosts/workerd/bundle.ts in the package: the worker was bundled when the package was built. */
import { copyFile } from "node:fs/promises";

/** As that of bundle.ts, of the worker alone. */
export const bundleWorker = (outfile: string): Promise<void> =>
  copyFile(new URL("../workerd/worker.js", import.meta.url), outfile);
