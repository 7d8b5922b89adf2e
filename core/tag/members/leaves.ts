/**
 * Who left a node lately: a join that was sent before its leave, and comes after it, must not leave a member that nobody removes. In
 * memory only; a join that comes later than is remembered here is refused by its `until`.
 */
import { LIMITS } from "../../../schema/limits.ts";
import type { JoinRequest, LeaveRequest } from "../types.ts";

interface Leave {
  readonly epoch: number;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export class Leaves {
  /** By device, oldest first. */
  readonly #byDevice = new Map<string, Leave>();

  add({ device, epoch = 0 }: LeaveRequest, now: number): void {
    // Devices that knew no epochs join anew with the one that they left.
    if (epoch === 0) return;
    const before = this.#byDevice.get(device)?.epoch ?? 0;
    this.#byDevice.delete(device);
    this.#byDevice.set(device, { epoch: Math.max(epoch, before), at: now });
    for (const [oldest, leave] of this.#byDevice) {
      const isFull = this.#byDevice.size > LIMITS.NODE_LEAVES;
      if (!isFull && isLately(leave, now)) break;
      this.#byDevice.delete(oldest);
    }
  }

  /** Whether a join is of a membership that was left since it was sent. */
  has({ device, epoch = 0 }: Pick<JoinRequest, "device" | "epoch">, now: number): boolean {
    const leave = this.#byDevice.get(device);
    return leave !== undefined && epoch <= leave.epoch && isLately(leave, now);
  }
}

/** Not where the clock was set back, either. */
const isLately = ({ at }: Leave, now: number): boolean =>
  now >= at && now - at <= LIMITS.JOIN_LATE_MS;
