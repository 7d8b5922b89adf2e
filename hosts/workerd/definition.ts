/** Path of the definition of the worker, which Cloudflare and workerd share. */
import { fileURLToPath } from "node:url";

export const WRANGLER = fileURLToPath(new URL("../../wrangler.toml", import.meta.url));
