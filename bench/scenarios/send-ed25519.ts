/**
 * What an Ed25519 signature costs a send: the sends of `send-online` to the mesh, signed by Ed25519 and by HMAC in turns. In its rows the
 * sends by HMAC are in the control's place.
 */
import { loadRows } from "../report.ts";
import { type Measured, SLICES } from "../rig.ts";
import type { Scenario } from "./scenario.ts";

const NAME = "send-ed25519";

export const sendEd25519: Scenario = {
  name: NAME,
  async run(rig) {
    const { fleet, sender, options } = rig;
    await fleet.call("connect", "mesh", "bare");
    const ms = (options.seconds * 1_000) / SLICES;
    const by = { ed25519: [] as Measured[], hmac: [] as Measured[] };
    for (let slice = -1; slice < SLICES; slice++) {
      for (const name of ["ed25519", "hmac"] as const) {
        await sender.call("signBy", name);
        // Each once before, so that no slice pays for waking objects, compiling code or loading a key.
        if (slice < 0) await sender.call("fill", "mesh", 1, "send");
        else
          by[name].push(await rig.measured("mesh", () => sender.call("run", "mesh", ms, "send")));
      }
    }
    return loadRows(NAME, "message", { mesh: by.ed25519, control: by.hmac });
  },
};
