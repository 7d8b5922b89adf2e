/** What a scenario is. */
import type { Row } from "../report.ts";
import type { DeviceWishes, Rig } from "../rig.ts";

export interface Scenario extends DeviceWishes {
  readonly name: string;
  /** Runs on a rig of its own. @throws Error where a server did not do what is measured. */
  run(rig: Rig): Promise<Row[]>;
}
