/**
 * What sealing costs a send: the sends of `send-online` to registrations with a key, and to others without, in turns. In its rows those
 * without are in the control's place.
 */
import { Client } from "../client/calls.ts";
import type { FleetCalls } from "../client/fleet.ts";
import { sendInTurns } from "./in-turns.ts";
import type { Scenario } from "./scenario.ts";

const NAME = "send-sealed";

export const sendSealed: Scenario = {
  name: NAME,
  async run(rig) {
    const { sender, devices } = rig;
    const sealed = new Client<FleetCalls>(new URL("../client/fleet.ts", import.meta.url));
    try {
      const aims = {
        first: await rig.setUp(sealed, devices, true),
        second: await rig.setUp(rig.fleet, devices),
      };
      await sealed.call("connect", "mesh", "bare");
      await rig.fleet.call("connect", "mesh", "bare");
      return await sendInTurns(rig, NAME, (kind) => sender.call("aim", aims[kind]));
    } finally {
      sealed.end();
    }
  },
  withoutDevices: true,
};
