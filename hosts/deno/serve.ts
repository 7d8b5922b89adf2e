/** Entry of `npm start -- --host deno` and `deno task serve`. */
import { runHost } from "../machine/run.ts";
import { denoHost } from "./host.ts";

await runHost(denoHost);
