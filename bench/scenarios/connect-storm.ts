/**
 * Links opened and closed as fast as they come. The mesh verifies an Ed25519 proof of possession, uses the token up,
 * exchanges hello and welcome, and notes the end of the link: two rows. The control upgrades, and knows nothing after.
 */
import { SIDES } from "../client/device.ts";
import { loadRows } from "../report.ts";
import { SLICES } from "../rig.ts";
import type { Scenario } from "./scenario.ts";

/** Unmeasured: code gets compiled. */
const WARM_UP_MS = 300;

export const connectStorm: Scenario = {
  name: "connect-storm",
  async run(rig) {
    const { fleet, options } = rig;
    const { inFlight } = options;
    for (const side of SIDES) await fleet.call("storm", side, WARM_UP_MS, inFlight);
    const ms = (options.seconds * 1_000) / SLICES;
    const pairs = await rig.interleave((side) => fleet.call("storm", side, ms, inFlight));
    return loadRows(this.name, "link", pairs);
  },
};
