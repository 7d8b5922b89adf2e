/**
 * Runs one act of the scenario in Node, Deno or Bun: `<runtime> main.ts '<job as JSON>'`. The last line of stdout is
 * the act's answer as JSON.
 */
import process from "node:process";
import {
  firstAct,
  type Handover,
  type ScenarioContext,
  type ScenarioSend,
  secondAct,
} from "./scenario.ts";

export interface Job {
  /** Where the built SDK is, as a URL to import. */
  readonly sdk: string;
  readonly url: string;
  readonly appId: string;
  /** Takes `POST` of `{message, options}` and sends as the app's server. */
  readonly sender: string;
  /** The device's storage. */
  readonly folder: string;
  /** The socket of a push service; a link of its own without one. */
  readonly service?: string;
  /** Of the first act, for the second. */
  readonly handover?: Handover;
}

const {
  sdk: location,
  url,
  appId,
  sender,
  folder,
  service,
  handover,
}: Job = JSON.parse(process.argv[2] ?? "{}");
const sdk: typeof import("../../sdk/device/node.ts") = await import(location);
const send = async (message: ScenarioSend, options = {}) => {
  const body = JSON.stringify({ message, options });
  return (await fetch(sender, { method: "POST", body })).json();
};
const storage = sdk.fileStorage(folder);
const attaching = service === undefined ? {} : { service };
const context: ScenarioContext = { sdk, url, appId, send, storage, ...attaching };
const answer =
  handover === undefined ? await firstAct(context) : await secondAct(context, handover);
console.log(JSON.stringify(answer ?? {}));
