/**
 * Sends to connected devices. The mesh verifies the signature, waits for the device's acknowledgement and answers
 * `delivered`; the control puts the body onto the socket and answers.
 */
import { SIDES } from "../client/device.ts";
import { loadRows } from "../report.ts";
import { SLICES } from "../rig.ts";
import type { Scenario } from "./scenario.ts";

export const sendOnline: Scenario = {
  name: "send-online",
  async run(rig) {
    const { fleet, sender, options } = rig;
    for (const side of SIDES) {
      await fleet.call("connect", side);
      // Every device once, so that no slice pays for waking objects and compiling code.
      await sender.call("fill", side, 1, "delivered");
    }
    const ms = (options.seconds * 1_000) / SLICES;
    const pairs = await rig.interleave((side) => sender.call("run", side, ms, "delivered"));
    return loadRows(this.name, "messages", pairs);
  },
};
