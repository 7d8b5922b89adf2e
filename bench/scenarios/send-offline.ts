/** Sends to devices without a link. Both sides write one row and answer when it is durable. */
import { SIDES } from "../client/device.ts";
import { loadRows } from "../report.ts";
import { SLICES } from "../rig.ts";
import type { Scenario } from "./scenario.ts";

export const sendOffline: Scenario = {
  name: "send-offline",
  async run(rig) {
    const { sender, options } = rig;
    for (const side of SIDES) await sender.call("fill", side, 1, "store");
    const ms = (options.seconds * 1_000) / SLICES;
    const pairs = await rig.interleave((side) => sender.call("run", side, ms, "store"));
    return loadRows(this.name, "message", pairs);
  },
};
