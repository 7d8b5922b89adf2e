/** Entry of `npm start -- --host workerd`. */
import { runHost } from "../machine/run.ts";
import { workerdHost } from "./host.ts";

await runHost(workerdHost);
