/** Devices with a key of their own with the mesh, for which it seals, and as many without, to be compared in turns. */
import { Client } from "../client/calls.ts";
import type { LinkKind } from "../client/device.ts";
import type { FleetCalls } from "../client/fleet.ts";
import type { SenderSetup } from "../client/sender.ts";
import type { Rig } from "../rig.ts";
import type { Turn } from "./in-turns.ts";

type OfTurns<Value> = Readonly<Record<Turn, Value>>;

/**
 * @param run gets the fleets, linked: the first has the devices with a key; and what the sender needs to send to each
 */
export async function withSealedFleet<Result>(
  rig: Rig,
  links: LinkKind,
  run: (fleets: OfTurns<Client<FleetCalls>>, aims: OfTurns<SenderSetup>) => Promise<Result>,
): Promise<Result> {
  const { fleet, devices } = rig;
  const sealed = new Client<FleetCalls>(new URL("../client/fleet.ts", import.meta.url));
  try {
    const aims = {
      first: await rig.setUp(sealed, devices, true),
      second: await rig.setUp(fleet, devices),
    };
    for (const one of [sealed, fleet]) await one.call("connect", "mesh", links);
    return await run({ first: sealed, second: fleet }, aims);
  } finally {
    sealed.end();
  }
}
