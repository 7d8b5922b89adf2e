/** Whether a tag accepts one more broadcast. */
import { LIMITS } from "../../../schema/limits.ts";
import { seqTimeMs } from "../../message/clock.ts";
import type { Refused } from "../../message/refusal.ts";
import type { LogEntry } from "../calls/broadcast.ts";
import type { Log } from "../log/log.ts";
import type { LogHeader } from "../store.ts";

/** Broadcasts that may wait. Nodes remember only `LIMITS.LOG_ENTRIES`, and have to keep up. */
const WAITING = LIMITS.LOG_ENTRIES / 2;
const RETRY_MS = 1_000;
const CLOCK_SKEW_MS = LIMITS.CLOCK_SKEW_SECONDS * 1_000;

interface TagLoad {
  readonly log: Log;
  /** The oldest broadcast that is not served. */
  readonly oldest: LogHeader | undefined;
  /** Broadcasts that were not started. */
  readonly waiting: number;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** Null if one more broadcast can be accepted. */
export function broadcastRefusal({ log, oldest, waiting, now }: TagLoad): Refused | null {
  // An edge that has the app cached has not heard of its end: after that, nobody is there.
  if (log.isEnded) return { ok: false, code: "tag_unknown" };
  if (waiting >= WAITING) return refused(`${WAITING} broadcasts wait`, RETRY_MS);
  // Nodes would forget the oldest one, and its outcome would be unknown.
  if (oldest !== undefined && log.head - oldest.position >= LIMITS.LOG_ENTRIES - 1)
    return refused(
      `${LIMITS.LOG_ENTRIES - 1} were accepted since one that is still being sent`,
      RETRY_MS,
    );
  // The broadcast whose slot it takes could be replayed, and would count as new.
  const last = log.header(log.head + 1 - LIMITS.ROOT_LOG_ENTRIES);
  if (last === undefined) return null;
  const freeInMs = takenAt(last) + LIMITS.REPLAY_MS - now;
  // A time in the future comes from a clock that was ahead. No edge accepts its request as a recent one.
  if (freeInMs <= 0 || freeInMs > LIMITS.REPLAY_MS + CLOCK_SKEW_MS) return null;
  const seconds = LIMITS.REPLAY_MS / 1_000;
  return refused(`at most ${LIMITS.ROOT_LOG_ENTRIES} broadcasts in ${seconds} s`, freeInMs);
}

export const scheduleFull = (): Refused =>
  refused(`${LIMITS.SCHEDULED_BROADCASTS} broadcasts wait for their time`, RETRY_MS);

/**
 * The stored time at which a broadcast is accepted: absent if its number has it. Numbers only rise, so after a clock that was ahead they
 * are ahead, too.
 */
export const takenAtOf = (seq: number, now: number): Pick<LogEntry, "takenAt"> =>
  Math.abs(seqTimeMs(seq) - now) > CLOCK_SKEW_MS ? { takenAt: now } : {};

/** When a tag accepted a broadcast, or sent it if it waited for its time; milliseconds since 1970. */
export const takenAt = ({ takenAt: at, seq }: LogHeader): number => at ?? seqTimeMs(seq);

const refused = (detail: string, retryAfterMs: number): Refused => ({
  ok: false,
  code: "broadcast_rate",
  detail,
  retryAfterMs,
});
