/** How a handler of a device's core is run: its arguments, and the work that it leaves. */
import type { Device } from "../../core/device/device.ts";
import type { Context, Effects, WaitAnswer } from "../../core/link/effects.ts";
import type { SocketPort, StoragePort, Timer } from "../runtime.ts";
import type { StoredDevice } from "./device-ports.ts";
import type { Waiters } from "./waiters.ts";

/** What is in memory, apart from the link, while the device has work to do. */
export interface Awake {
  readonly device: Device;
  readonly store: StoredDevice;
  readonly storage: StoragePort;
  readonly waiters: Waiters;
  /** Calls of tags and aliases that are not answered yet. */
  calls: number;
  /** The timer that retries failed calls; null if none failed, or if the alarm retries them. */
  retry: Timer | null;
  usedAt: number;
}

/**
 * Whether the link stays if a handler throws or its writes fail. It stays after a request by others, which is refused. It is closed after
 * a frame of the device, or if the device waits for an answer: the device has to send that again on another link.
 */
export type OnFailure = "keep" | "close";

export type Handler<Answer> = (awake: Awake, context: Context) => Answer;

/** The effects of a handler, and the socket they are for: the device may have a newer one when they are carried out. */
export interface HandlerEffects {
  readonly effects: Effects;
  readonly socket: SocketPort | null;
  /** Whether the link has ended with this handler. */
  readonly isOver: boolean;
  readonly onFailure: OnFailure;
  readonly now: number;
  /** Resolves when the alarm for its writes is set; null if there is nothing to wait for. */
  readonly alarm: Promise<void> | null;
}

/** A handler's answer, and what the answer may have to wait for. */
export interface Run<Answer> {
  readonly answer: Answer;
  /** Resolves when its effects are out; null if they are already. */
  readonly out: Promise<void> | null;
  /** Resolves when the alarm that it needs is set; null if it is already. */
  readonly alarm: Promise<void> | null;
}

/** A queued message may expire, and a command may leave debts: neither is confirmed before the alarm for that is set. */
export function needsAlarm(answer: WaitAnswer): boolean {
  if (!answer.ok || "outcome" in answer) return false;
  return !("status" in answer) || answer.status !== "delivered";
}
