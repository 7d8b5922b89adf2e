/** Whether a tag takes one more broadcast. */
import { LIMITS } from "../../../schema/limits.ts";
import { seqTimeMs } from "../../message/clock.ts";
import type { Refused } from "../../message/refusal.ts";
import type { Log } from "../log/log.ts";
import type { LogHeader } from "../store.ts";
import type { LogEntry } from "../types.ts";

/** Broadcasts that may wait for their turn: nodes remember no more than `LIMITS.LOG_ENTRIES`, and have to come along. */
const WAITING = LIMITS.LOG_ENTRIES / 2;
const RETRY_MS = 1_000;
const CLOCK_SKEW_MS = LIMITS.CLOCK_SKEW_SECONDS * 1_000;

export interface TagLoad {
  readonly log: Log;
  /** The oldest that is not served. */
  readonly oldest: LogHeader | undefined;
  /** Those that are not begun. */
  readonly waiting: number;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** Null where one more broadcast can be taken. */
export function broadcastRefusal({ log, oldest, waiting, now }: TagLoad): Refused | null {
  if (waiting >= WAITING) return refused(`${WAITING} wait`, RETRY_MS);
  // Nodes would forget it, and nobody could say what became of it.
  if (oldest !== undefined && log.head - oldest.position >= LIMITS.LOG_ENTRIES - 1)
    return refused(`${LIMITS.LOG_ENTRIES - 1} came since one that is being sent`, RETRY_MS);
  // What its place in the ring was could be replayed, and would be taken for new.
  const last = log.header(log.head + 1 - LIMITS.ROOT_LOG_ENTRIES);
  if (last === undefined) return null;
  const freeInMs = takenAt(last) + LIMITS.REPLAY_MS - now;
  // One from a time that has not come was taken by a clock that was ahead. No edge takes its request for a recent one.
  if (freeInMs <= 0 || freeInMs > LIMITS.REPLAY_MS + CLOCK_SKEW_MS) return null;
  const seconds = LIMITS.REPLAY_MS / 1_000;
  return refused(`${LIMITS.ROOT_LOG_ENTRIES} in ${seconds} s`, freeInMs);
}

/**
 * What to store of the time at which a broadcast is taken: nothing where its number tells it. Numbers only rise, and go on
 * from the latest after a clock that was ahead.
 */
export const takenAtOf = (seq: number, now: number): Pick<LogEntry, "takenAt"> =>
  seqTimeMs(seq) > now + CLOCK_SKEW_MS ? { takenAt: now } : {};

const takenAt = ({ takenAt: at, seq }: LogHeader): number => at ?? seqTimeMs(seq);

const refused = (detail: string, retryAfterMs: number): Refused => ({
  ok: false,
  code: "broadcast_rate",
  detail,
  retryAfterMs,
});
