/**
 * What sealing costs a broadcast: to a tag of registrations with a key, for each of which the mesh seals it, and to a tag of as many
 * without, in turns. In its rows those without are in the control's place.
 */
import { broadcastFor } from "./broadcast.ts";
import { inTurns } from "./in-turns.ts";
import type { Scenario } from "./scenario.ts";
import { withSealedFleet } from "./sealed-fleet.ts";

const NAME = "broadcast-sealed";
const TAGS = { first: "bench-sealed", second: "bench-plain" } as const;

export const broadcastSealed: Scenario = {
  name: NAME,
  run: (rig) =>
    withSealedFleet(rig, "answering", async (fleets) => {
      const { sender, devices } = rig;
      for (const kind of ["first", "second"] as const)
        await fleets[kind].call("subscribe", [{ tag: TAGS[kind], members: devices }]);
      return inTurns(rig, NAME, (kind, ms) => {
        const audience = { tag: TAGS[kind], path: "", count: devices };
        return broadcastFor({ fleet: fleets[kind], sender }, "mesh", audience, ms);
      });
    }),
  withoutDevices: true,
};
