/** A handler of one device's core as it is run: what it is given, and what it leaves to be done. */
import type { Device } from "../../core/device/device.ts";
import type { Context, Effects, WaitAnswer } from "../../core/link/effects.ts";
import type { SocketPort, StoragePort, Timer } from "../runtime.ts";
import type { StoredDevice } from "./device-ports.ts";
import type { Waiters } from "./waiters.ts";

/** What is in memory besides the link while the device has work to do. */
export interface Awake {
  readonly device: Device;
  readonly store: StoredDevice;
  readonly storage: StoragePort;
  readonly waiters: Waiters;
  /** Calls of tags and aliases that are not answered yet. */
  calls: number;
  /** Retries what failed; null if nothing did, or if the alarm does that, too. */
  retry: Timer | null;
  usedAt: number;
}

/**
 * What becomes of the link if a handler breaks off, or its writes fail. Requests of others are refused and the link stays as it was; what the
 * device itself sent, or waits for, it has to send again on another link.
 */
export type OnFailure = "keep" | "close";

export type Handler<Answer> = (awake: Awake, context: Context) => Answer;

/** What a handler left to be carried out, and on which socket, because the device may have a newer one by then. */
export interface Outcome {
  readonly effects: Effects;
  readonly socket: SocketPort | null;
  /** There is no link after this handler. */
  readonly isOver: boolean;
  readonly onFailure: OnFailure;
  readonly now: number;
  /** The alarm being set for what it wrote; null if there is nothing to wait for. */
  readonly alarm: Promise<void> | null;
}

/** A handler's answer, and what it may have to wait for. */
export interface Run<Answer> {
  readonly answer: Answer;
  /** Its effects; null if they are out already. */
  readonly out: Promise<void> | null;
  /** The alarm that has to stand after it; null if it stands already. */
  readonly alarm: Promise<void> | null;
}

/** A queued message may expire, and a command may leave debts: neither is confirmed before the alarm for that is set. */
export function needsAlarm(answer: WaitAnswer): boolean {
  if (!answer.ok || "outcome" in answer) return false;
  return !("status" in answer) || answer.status !== "delivered";
}
