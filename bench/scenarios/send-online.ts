/**
 * Sends to connected devices. The mesh verifies the signature, waits for the device's acknowledgement and answers
 * `delivered`. The control puts the body onto the socket and answers; in `send-online-answered` it waits for the
 * device as well, which tells the price of a definite answer from the price of everything else.
 */
import { type LinkKind, SIDES } from "../client/device.ts";
import type { SendKind } from "../client/sender.ts";
import { loadRows } from "../report.ts";
import { SLICES } from "../rig.ts";
import type { Scenario } from "./scenario.ts";

function online(name: string, link: LinkKind, send: SendKind): Scenario {
  return {
    name,
    async run(rig) {
      const { fleet, sender, options } = rig;
      for (const side of SIDES) {
        await fleet.call("connect", side, link);
        // Every device once, so that no slice pays for waking objects and compiling code.
        await sender.call("fill", side, 1, send);
      }
      const ms = (options.seconds * 1_000) / SLICES;
      const pairs = await rig.interleave((side) => sender.call("run", side, ms, send));
      return loadRows(name, "message", pairs);
    },
  };
}

export const sendOnline = online("send-online", "bare", "send");
export const sendOnlineAnswered = online("send-online-answered", "answering", "ask");
