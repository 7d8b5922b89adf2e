/**
 * What a send by a sender link costs: sends to connected devices by one link, and by signed requests, to the same mesh in turns, with
 * as many under way. In its rows the requests are in the control's place.
 */
import { inTurns } from "./in-turns.ts";
import type { Scenario } from "./scenario.ts";

const NAME = "sender-link";

export const senderLink: Scenario = {
  name: NAME,
  async run(rig) {
    const { fleet, sender, options, servers } = rig;
    const { inFlight } = options;
    await fleet.call("connect", "mesh", "answering");
    await sender.call("fill", "mesh", 1, "ask");
    return inTurns(rig, NAME, (kind, ms) =>
      kind === "first"
        ? fleet.call("sendByLink", servers.key, ms, inFlight, "delivered")
        : sender.call("run", "mesh", ms, "ask"),
    );
  },
};
