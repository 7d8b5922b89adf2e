/**
 * What an Ed25519 signature costs a send: the sends of `send-online` to the mesh, signed by Ed25519 and by HMAC in turns. In its rows the
 * sends by HMAC are in the control's place.
 */
import { sendInTurns } from "./in-turns.ts";
import type { Scenario } from "./scenario.ts";

const NAME = "send-ed25519";

export const sendEd25519: Scenario = {
  name: NAME,
  async run(rig) {
    const { fleet, sender } = rig;
    await fleet.call("connect", "mesh", "bare");
    const keys = { first: "ed25519", second: "hmac" } as const;
    return sendInTurns(rig, NAME, (kind) => sender.call("signBy", keys[kind]));
  },
};
