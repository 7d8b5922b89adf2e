/** The mesh on one machine by Deno: what `npm start -- --host deno` and `deno task serve` run. */
import { runHost } from "../machine/run.ts";
import { denoHost } from "./host.ts";

await runHost(denoHost);
