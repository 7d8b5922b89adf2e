/** Calls from the edge to objects, and their refusals. */
import type { Refused } from "../../core/message/refusal.ts";
import { callObject, callOnce } from "../../objects/call.ts";
import { type Asking, wakeRoomOf } from "../../objects/capacity/call-room.ts";
import { TimeoutError, withTimeout } from "../../objects/timeout.ts";
import { MeshError } from "../../schema/errors.ts";
import { LIMITS } from "../../schema/limits.ts";
import type { MeshContext } from "../context.ts";

export { callObject, callOnce };

/**
 * The same, for no longer than `ms`: for objects that may hang, where their answer is not all of the request's own.
 *
 * @param ms - milliseconds; `LIMITS.CALL_MS` for what is answered at once
 * @throws MeshError `overloaded` where there is no answer by then, and as `callObject` does
 */
export const callInTime = <T>(call: () => Promise<T>, ms: number = LIMITS.CALL_MS): Promise<T> =>
  inTime(callObject(call), ms);

/**
 * The same for an object that sleeps, perhaps, and that a signed request wakes: waits until its app has room for it, where a process has
 * descriptors for so many only.
 *
 * @throws MeshError `overloaded` where there is none for so long, too
 */
export async function wakeInTime<T>(
  c: MeshContext,
  name: string,
  call: () => Promise<T>,
  ms: number = LIMITS.CALL_MS,
): Promise<T> {
  await enterRoom(c, name);
  return callInTime(call, ms);
}

/** The same for what an app may have made up. @param isVain whether an answer says that there is no such thing */
export async function wakeGuess<T>(
  c: MeshContext,
  name: string,
  call: () => Promise<T>,
  isVain: (answer: T) => boolean,
): Promise<T> {
  await enterRoom(c, name, { isGuess: true });
  const answer = await callInTime(call);
  if (isVain(answer)) wakeRoomOf(c.env.MAX_LINKS)?.wasVain(name);
  return answer;
}

async function enterRoom(c: MeshContext, name: string, asking: Asking = {}): Promise<void> {
  const room = wakeRoomOf(c.env.MAX_LINKS);
  if (room === null) return;
  const owner = c.get("signedBy") ?? "";
  await room.enter(name, leftOf(c, LIMITS.WAKE_WAIT_MS), { ...asking, owner });
}

/** What is left of so many milliseconds since the request came: no more than that, where the clock was set back meanwhile. */
export const leftOf = (c: MeshContext, ms: number): number =>
  Math.min(ms, Math.max(0, c.get("receivedAt") + ms - Date.now()));

/** The same for non-idempotent calls, which are tried once. */
export const onceInTime = <T>(call: () => Promise<T>): Promise<T> =>
  inTime(callOnce(call), LIMITS.CALL_MS);

function inTime<T>(answering: Promise<T>, ms: number): Promise<T> {
  return withTimeout(ms, answering).catch((cause: unknown) => {
    if (!(cause instanceof TimeoutError)) throw cause;
    throw new MeshError("overloaded", "an object of the mesh does not answer", { cause });
  });
}

/** A device's refusal as an error. */
export function refusal({ code, detail, retryAfterMs }: Refused): MeshError {
  return new MeshError(code, detail, retryAfterMs === undefined ? {} : { retryAfterMs });
}
