/** The scenario in a web page: `act(name, url, appId, handover)` is what the test calls. */
import type * as Sdk from "../../sdk/device/mod.ts";
import type * as Scenario from "./scenario.ts";

/** Served beside this script; a bundler must not look for them. */
const load = (path: string): Promise<unknown> => import(path);

Object.assign(globalThis, {
  act: async (
    name: "firstAct" | "secondAct",
    url: string,
    appId: string,
    handover: Scenario.Handover,
  ): Promise<Scenario.Handover | undefined> => {
    const sdk = (await load("/sdk.js")) as typeof Sdk;
    const scenario = (await load("/scenario.js")) as typeof Scenario;
    const send: Scenario.ScenarioContext["send"] = async (message, options = {}) => {
      const body = JSON.stringify({ message, options });
      return (await fetch("/send", { method: "POST", body })).json();
    };
    const context = { sdk, url, appId, send };
    if (name === "firstAct") return scenario.firstAct(context);
    await scenario.secondAct(context, handover);
    return undefined;
  },
});
