/**
 * Broadcasts to devices, each with an object and a socket of its own. The mesh writes the broadcast down, calls its
 * devices by the tag's tree, waits for each one's cursor and counts the outcomes. The control calls as many objects, each
 * of which puts the body onto its socket, and that is all; its devices answer as the mesh's do, so that both servers
 * and the client have the same frames to read.
 */
import { SIDES } from "../client/device.ts";
import { loadRows, type Row, rowOf } from "../report.ts";
import { type Rig, SLICES } from "../rig.ts";
import { audienceOf, awakeAtOnce, broadcastFor, tagOf, warmUp } from "./broadcast.ts";
import type { Scenario } from "./scenario.ts";

/** What the target is set for. */
const MEMBERS = 2_000;
/** What the cost must be linear in. */
const TABLE = [100, 500, 1_000, 2_000, 5_000] as const;
const NAME = "broadcast-devices";

async function rowsOf(rig: Rig, members: number, name: string): Promise<Row[]> {
  const audience = audienceOf(tagOf(members));
  for (const side of SIDES) await warmUp(rig, side, audience);
  const ms = (rig.options.seconds * 1_000) / SLICES;
  const pairs = await rig.interleave((side) => broadcastFor(rig, side, audience, ms));
  return loadRows(name, "message", pairs);
}

export const broadcastDevices: Scenario = {
  name: NAME,
  devices: awakeAtOnce,
  async run(rig) {
    const { devices } = rig;
    // Where there are fewer devices than the target is for, all of them are its audience.
    const main = Math.min(MEMBERS, devices);
    const sizes = [...new Set([main, devices, ...TABLE.filter((members) => members < devices)])];
    for (const side of SIDES) await rig.fleet.call("connect", side, "answering");
    await rig.fleet.call("subscribe", sizes.map(tagOf));
    const rows = await rowsOf(rig, main, NAME);
    const perMember: Row[] = [];
    for (const members of sizes.sort((one, other) => one - other)) {
      const all = members === main ? rows : await rowsOf(rig, members, NAME);
      perMember.push(...all.filter(({ metric }) => TABLE_METRICS.has(metric)).map(named(members)));
    }
    return [...rows, ...perMember];
  },
};

/** Of the other sizes, what tells whether the cost is linear. */
const TABLE_METRICS = new Set(["rate", "p50", "server processor time"]);

const named = (members: number) => (row: Row) =>
  rowOf(row.scenario, `${members} members: ${row.metric}`, row.unit, {
    mesh: row.samples.value,
    control: row.samples.control,
  });
