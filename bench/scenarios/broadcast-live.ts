/**
 * Broadcasts to live listeners, which share an object. The mesh writes the broadcast down in the tag's log and in that
 * of the live node, and sends; the control's object does nothing but send a text of the same length to its sockets.
 */
import { SIDES, type SideName } from "../client/device.ts";
import { loadRows } from "../report.ts";
import { SLICES } from "../rig.ts";
import { type Audience, broadcastFor, warmUp } from "./broadcast.ts";
import type { Scenario } from "./scenario.ts";

const LISTENERS = 5_000;
const TAG = "bench-live";

/**
 * Length of what a listener gets of the sender's message: 163 bytes of data, the fields of LiveMessageBody with their
 * names, an ID of 59 characters and a signature of 86.
 */
const TEXT_BYTES = 470;

export const broadcastLive: Scenario = {
  name: "broadcast-live",
  devices: () => LISTENERS,
  /** They are no devices: none is made. */
  withoutDevices: true,
  async run(rig) {
    const { fleet, sender, options, devices: count, servers } = rig;
    await sender.call("openTag", TAG);
    const paths: Record<SideName, string> = {
      mesh: `/v1/apps/${servers.appId}/tags/${TAG}/live`,
      control: "/listen",
    };
    const audience: Audience = { tag: TAG, path: `/publish/${TEXT_BYTES}`, count };
    for (const side of SIDES) {
      await fleet.call("listen", side, paths[side], count);
      await warmUp(rig, side, audience);
    }
    const ms = (options.seconds * 1_000) / SLICES;
    const pairs = await rig.interleave((side) => broadcastFor(rig, side, audience, ms));
    return loadRows(this.name, "message", pairs);
  },
};
