/**
 * What sealing costs a broadcast: to a tag of registrations with a key, for each of which the mesh seals it, and to a tag of as many
 * without, in turns. In its rows those without are in the control's place.
 */
import { Client } from "../client/calls.ts";
import type { FleetCalls } from "../client/fleet.ts";
import { broadcastsFor } from "./broadcast.ts";
import { inTurns } from "./in-turns.ts";
import type { Scenario } from "./scenario.ts";

const NAME = "broadcast-sealed";
const TAGS = { first: "bench-sealed", second: "bench-plain" } as const;

export const broadcastSealed: Scenario = {
  name: NAME,
  async run(rig) {
    const { sender, devices } = rig;
    const sealed = new Client<FleetCalls>(new URL("../client/fleet.ts", import.meta.url));
    try {
      const fleets = { first: sealed, second: rig.fleet } as const;
      for (const kind of ["first", "second"] as const) {
        await rig.setUp(fleets[kind], devices, kind === "first");
        await fleets[kind].call("connect", "mesh", "answering");
        await fleets[kind].call("subscribe", [{ tag: TAGS[kind], members: devices }]);
      }
      return await inTurns(rig, NAME, (kind, ms) =>
        broadcastsFor(devices, ms, async () => {
          const [taken] = await Promise.all([
            fleets[kind].call("receive", "mesh", devices),
            sender.call("broadcast", "mesh", { tag: TAGS[kind] }, ""),
          ]);
          return taken;
        }),
      );
    } finally {
      sealed.end();
    }
  },
  withoutDevices: true,
};
