/** What several tests do to a rig: time passes, and a sender recalls a message. */
import { keyOf, type Rig } from "./rig.ts";

/** Time passes, and the alarm fires when it is due. @param time milliseconds since 1970 */
export function passTo(rig: Rig, time: number): void {
  for (;;) {
    const due = rig.device.deadline;
    if (due === null || due > time) break;
    rig.now = Math.max(rig.now, due);
    rig.alarm();
  }
  rig.now = time;
}

/** The sender of a message recalls it. @returns the answer, or the token of a caller that waits */
export function recall(rig: Rig, seq: number, { key = "m", waitMs = 0 } = {}) {
  const request = { app: "a", generation: rig.generationOf("a"), seq, key: keyOf(key), waitMs };
  return rig.run((context) => rig.device.recall(request, context));
}
