/** Sends of two kinds to the mesh, in turns, so that what the machine does meanwhile slows down both. */
import { loadRows, type Row } from "../report.ts";
import { type Measured, type Rig, SLICES } from "../rig.ts";

/**
 * @param aim makes the sender send the one kind or the other from now on
 * @returns the rows of the scenario, with the second kind in the control's place
 */
export async function sendInTurns(
  rig: Rig,
  scenario: string,
  aim: (kind: "first" | "second") => Promise<unknown>,
): Promise<Row[]> {
  const { sender, options } = rig;
  const ms = (options.seconds * 1_000) / SLICES;
  const by = { first: [] as Measured[], second: [] as Measured[] };
  for (let slice = -1; slice < SLICES; slice++) {
    for (const kind of ["first", "second"] as const) {
      await aim(kind);
      // Each once before, so that no slice pays for waking objects, compiling code or loading a key.
      if (slice < 0) await sender.call("fill", "mesh", 1, "send");
      else by[kind].push(await rig.measured("mesh", () => sender.call("run", "mesh", ms, "send")));
    }
  }
  return loadRows(scenario, "message", { mesh: by.first, control: by.second });
}
