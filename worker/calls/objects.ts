/** Calls of objects from the edge. */
import type { Refused } from "../../core/message/refusal.ts";
import { callObject, callOnce } from "../../objects/call.ts";
import {
  type Asking,
  requestWakes,
  type WakeLimiter,
} from "../../objects/capacity/wake-limiter.ts";
import { APP_DIRECTORY_NAME } from "../../objects/interfaces/rpc.ts";
import type { Scheduler } from "../../objects/runtime.ts";
import { TimeoutError, within } from "../../objects/timeout.ts";
import { MeshError } from "../../schema/errors.ts";
import { LIMITS } from "../../schema/limits.ts";
import type { CallContext } from "../context.ts";

export { callObject, callOnce };

/** The edge is not an object, so it has its own timers. */
const timers: Pick<Scheduler, "timer"> = {
  timer(ms, onEnd) {
    const timer = setTimeout(onEnd, ms);
    return { cancel: () => clearTimeout(timer) };
  },
};

/** `within` for the edge. */
export const withTimeout = <T>(ms: number, call: Promise<T>): Promise<T> =>
  within(timers, ms, call);

/** The object of the operators: it has the list of apps, the credentials and the audit log. */
export const directoryOf = (c: CallContext) => c.env.APP_DIRECTORY.getByName(APP_DIRECTORY_NAME);

/**
 * `callObject` with a timeout, because an object may hang.
 *
 * @param ms default: `LIMITS.CALL_MS`, for calls that are answered at once
 * @throws MeshError `overloaded` after the timeout, and as `callObject` does
 */
export const callInTime = <T>(call: () => Promise<T>, ms: number = LIMITS.CALL_MS): Promise<T> =>
  inTime(callObject(call), ms);

/**
 * `callInTime` of an object that may be asleep, for a signed request: on a host that has descriptors for a limited number of awake
 * objects, waits until the app may wake one more.
 *
 * @throws MeshError `overloaded`, also after waiting `LIMITS.WAKE_WAIT_MS` for room
 */
export async function wakeInTime<T>(
  c: CallContext,
  name: string,
  call: () => Promise<T>,
  ms: number = LIMITS.CALL_MS,
): Promise<T> {
  await enterRoom(c, name);
  return callInTime(call, ms);
}

/** `wakeInTime` for a name that the app may have made up. @param isVain whether an answer says that there is no such thing */
export async function wakeGuess<T>(
  c: CallContext,
  name: string,
  call: () => Promise<T>,
  isVain: (answer: T) => boolean,
): Promise<T> {
  await enterRoom(c, name, { isGuess: true });
  const answer = await callInTime(call);
  if (isVain(answer)) wakesOf(c)?.wasVain(name);
  return answer;
}

/** Null if the platform bounds how many objects are awake. */
const wakesOf = (c: CallContext): WakeLimiter | null =>
  requestWakes(c.env.MAX_LINKS, (ms) => new Promise((resolve) => setTimeout(resolve, ms)));

/** Whether `wakeInTime` of this object may have to wait for room. */
export const needsRoom = (c: CallContext, name: string): boolean =>
  wakesOf(c)?.isFree(name) === false;

async function enterRoom(c: CallContext, name: string, asking: Asking = {}): Promise<void> {
  const wakes = wakesOf(c);
  if (wakes === null) return;
  const owner = c.get("signedBy") ?? "";
  await wakes.enter(name, leftOf(c, LIMITS.WAKE_WAIT_MS), { ...asking, owner });
}

/** How much of `ms` is left since the request arrived; never more than `ms`, even if the clock was set back. */
export const leftOf = (c: CallContext, ms: number): number =>
  Math.min(ms, Math.max(0, c.get("receivedAt") + ms - Date.now()));

/** `callInTime` for non-idempotent calls, which are tried once. */
export const onceInTime = <T>(call: () => Promise<T>, ms: number = LIMITS.CALL_MS): Promise<T> =>
  inTime(callOnce(call), ms);

function inTime<T>(answering: Promise<T>, ms: number): Promise<T> {
  return withTimeout(ms, answering).catch((cause: unknown) => {
    if (!(cause instanceof TimeoutError)) throw cause;
    throw new MeshError("overloaded", "an object of the mesh does not answer", { cause });
  });
}

/** Turns a refusal by an object into an error. */
export function refusal({ code, detail, retryAfterMs }: Refused): MeshError {
  return new MeshError(code, detail, retryAfterMs === undefined ? {} : { retryAfterMs });
}
