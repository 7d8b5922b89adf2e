/** Two kinds of work for the mesh, in turns, so that what the machine does meanwhile slows down both. */
import type { Slice } from "../client/pace.ts";
import { loadRows, type Row } from "../report.ts";
import type { Measured, Rig } from "../rig.ts";

/** Short, because two kinds that differ by a tenth are compared: the machine's speed changes by more from second to second. */
const SLICE_MS = 500;
/** Of each kind before the first that counts: wakes objects, compiles code, loads keys, and outlasts deferred writes of new links. */
const WARM_UP_MS = 2_000;
/** Reversed from slice to slice, so that neither kind always runs behind the other. */
const ORDER = ["first", "second"] as const;

export type Turn = (typeof ORDER)[number];

/**
 * @param run works for so many milliseconds
 * @returns the rows of the scenario, with the second kind in the control's place
 */
export async function inTurns(
  rig: Rig,
  scenario: string,
  run: (kind: Turn, ms: number) => Promise<Slice>,
): Promise<Row[]> {
  const by = { first: [] as Measured[], second: [] as Measured[] };
  for (const kind of ORDER) await run(kind, WARM_UP_MS);
  const slices = Math.ceil((rig.options.seconds * 1_000) / SLICE_MS);
  for (let slice = 0; slice < slices; slice++) {
    for (const kind of slice % 2 === 0 ? ORDER : ORDER.toReversed())
      by[kind].push(await rig.measured("mesh", () => run(kind, SLICE_MS)));
  }
  return loadRows(scenario, "message", { mesh: by.first, control: by.second });
}

/** @param aim makes the sender send the one kind or the other from now on */
export async function sendInTurns(
  rig: Rig,
  scenario: string,
  aim: (kind: Turn) => Promise<unknown>,
): Promise<Row[]> {
  const { sender } = rig;
  for (const kind of ORDER) {
    await aim(kind);
    // Each device once.
    await sender.call("fill", "mesh", 1, "send");
  }
  return inTurns(rig, scenario, async (kind, ms) => {
    await aim(kind);
    return sender.call("run", "mesh", ms, "send");
  });
}
