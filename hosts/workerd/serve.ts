/** The mesh on one machine by workerd: what `npm start -- --host workerd` runs. */
import { runHost } from "../machine/run.ts";
import { workerdHost } from "./host.ts";

await runHost(workerdHost);
