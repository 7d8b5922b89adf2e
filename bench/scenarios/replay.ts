/**
 * Devices connect and receive what waited for them: 20 messages each. The mesh checks the connect token, sends them in
 * order and waits for the acknowledgement; the control sends and deletes them as it accepts the socket.
 */
import { SIDES } from "../client/device.ts";
import { loadRows } from "../report.ts";
import { SLICES } from "../rig.ts";
import type { Scenario } from "./scenario.ts";

const MESSAGES = 20;

export const replay: Scenario = {
  name: "replay",
  async run(rig) {
    const { fleet, sender, options, devices } = rig;
    for (const side of SIDES) await sender.call("fill", side, MESSAGES, "store");
    const { inFlight } = options;
    const slices = Math.min(SLICES, devices);
    const at = (slice: number) => Math.floor((slice * devices) / slices);
    // A mailbox is drained once: each slice has devices of its own.
    const pairs = await rig.interleave((side, slice) => {
      const range = { from: at(slice), to: at(slice + 1) };
      return fleet.call("drain", side, range, MESSAGES, inFlight);
    }, slices);
    return loadRows(this.name, "message", pairs, MESSAGES);
  },
};
