/**
 * A device in Deno: prints what it receives. It is the same device after a restart.
 *
 *     deno run --allow-net --allow-read=. --allow-write=. --allow-env device.ts https://push.example.com <appId>
 */
import { connect, fileStorage } from "pushmesh/device/node";

const [url = "", appId = ""] = Deno.args;
const push = await connect({ url, appId, storage: fileStorage("./device-state") });
push.onMessage(({ data }) => console.log(JSON.stringify(data)));
push.onState(({ state }) => console.error(state));
console.log("regId", await push.register());
