/** Where the one definition of the worker is, for both hosts of its objects. */
import { fileURLToPath } from "node:url";

export const WRANGLER = fileURLToPath(new URL("../../wrangler.toml", import.meta.url));
