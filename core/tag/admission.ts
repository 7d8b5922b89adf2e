/** Whether a tag takes one more broadcast. */
import { LIMITS } from "../../schema/limits.ts";
import { seqTimeMs } from "../device/clock.ts";
import type { Refused } from "../device/types.ts";
import type { Log } from "./log.ts";
import type { LogHeader } from "./store.ts";

/** Broadcasts that may wait for their turn: nodes remember no more than `LIMITS.LOG_ENTRIES`, and have to come along. */
const WAITING = LIMITS.LOG_ENTRIES / 2;
const RETRY_MS = 1_000;

export interface Load {
  readonly log: Log;
  /** The oldest that is not served. */
  readonly oldest: LogHeader | undefined;
  /** Those that are not begun. */
  readonly waiting: number;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** Null where one more broadcast can be taken. */
export function refusalOf({ log, oldest, waiting, now }: Load): Refused | null {
  if (waiting >= WAITING) return refused(`${WAITING} wait`, RETRY_MS);
  // Nodes would forget it, and nobody could say what became of it.
  if (oldest !== undefined && log.head - oldest.position >= LIMITS.LOG_ENTRIES - 1)
    return refused(`${LIMITS.LOG_ENTRIES - 1} came since one that is being sent`, RETRY_MS);
  // What its place in the ring was could be replayed, and would be taken for new.
  const last = log.header(log.head + 1 - LIMITS.ROOT_LOG_ENTRIES);
  if (last === undefined) return null;
  const freeInMs = seqTimeMs(last.seq) + LIMITS.BROADCAST_REPLAY_MS - now;
  if (freeInMs <= 0) return null;
  const seconds = LIMITS.BROADCAST_REPLAY_MS / 1_000;
  return refused(`${LIMITS.ROOT_LOG_ENTRIES} in ${seconds} s`, freeInMs);
}

const refused = (detail: string, retryAfterMs: number): Refused => ({
  ok: false,
  code: "broadcast_rate",
  detail,
  retryAfterMs,
});
