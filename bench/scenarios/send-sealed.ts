/**
 * What sealing costs a send: the sends of `send-online` to registrations with a key, and to others without, in turns. In its rows those
 * without are in the control's place.
 */
import { sendInTurns } from "./in-turns.ts";
import type { Scenario } from "./scenario.ts";
import { withSealedFleet } from "./sealed-fleet.ts";

const NAME = "send-sealed";

export const sendSealed: Scenario = {
  name: NAME,
  run: (rig) =>
    withSealedFleet(rig, "bare", (_, aims) =>
      sendInTurns(rig, NAME, (kind) => rig.sender.call("aim", aims[kind])),
    ),
  withoutDevices: true,
};
