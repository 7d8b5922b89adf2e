/**
 * What sealing costs a send: the sends of `send-online` to registrations with a key, and to others without, in turns. In its rows those
 * without are in the control's place.
 */
import { Client } from "../client/calls.ts";
import type { FleetCalls } from "../client/fleet.ts";
import { loadRows } from "../report.ts";
import { type Measured, SLICES } from "../rig.ts";
import type { Scenario } from "./scenario.ts";

const NAME = "send-sealed";

export const sendSealed: Scenario = {
  name: NAME,
  async run(rig) {
    const { sender, options, devices } = rig;
    const sealed = new Client<FleetCalls>(new URL("../client/fleet.ts", import.meta.url));
    try {
      const aims = {
        sealed: await rig.setUp(sealed, devices, true),
        plain: await rig.setUp(rig.fleet, devices),
      };
      await sealed.call("connect", "mesh", "bare");
      await rig.fleet.call("connect", "mesh", "bare");
      const ms = (options.seconds * 1_000) / SLICES;
      const by = { sealed: [] as Measured[], plain: [] as Measured[] };
      for (let slice = -1; slice < SLICES; slice++) {
        for (const name of ["sealed", "plain"] as const) {
          await sender.call("aim", aims[name]);
          // Each once before, so that no slice pays for waking objects, compiling code or opening a key.
          if (slice < 0) await sender.call("fill", "mesh", 1, "send");
          else
            by[name].push(await rig.measured("mesh", () => sender.call("run", "mesh", ms, "send")));
        }
      }
      return loadRows(NAME, "message", { mesh: by.sealed, control: by.plain });
    } finally {
      sealed.end();
    }
  },
  withoutDevices: true,
};
